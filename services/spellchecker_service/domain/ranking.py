"""Which candidate is meant: its distance and frequency, and the words beside it."""

from typing import NamedTuple

from .lexicon import LN10, Entry, Lexicon
from .swedish_grammar import agreement

_PER_WORD = -9 * LN10
_RAREST_PAIR = -11.9
"""Natural log of the share of the rarest pair in the table: an absent pair is rarer."""
_STRONGEST = 5.0
_WEAKEST = -2.0
_WEIGHT = 0.6


class Neighbours(NamedTuple):
    """The known words before and behind a place, where nothing but space is between."""

    before: Entry | None
    behind: Entry | None
    word_before: str


def association(first: Entry, second: Entry, lexicon: Lexicon) -> float:
    """How much more often the two stand together than by chance, in nats, bounded."""
    if not first.zipf or not second.zipf or not lexicon.has_pairs:
        return 0.0
    by_chance = (first.zipf + second.zipf) * LN10 + 2 * _PER_WORD
    found = lexicon.pair_log(first, second)
    if found is None:
        return max(_WEAKEST, min(0.0, _RAREST_PAIR - by_chance))
    return max(_WEAKEST, min(_STRONGEST, found - by_chance))


def fit(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How well a word stands between its neighbours, in nats."""
    value = 0.0
    if neighbours.before is not None:
        value += association(neighbours.before, entry, lexicon)
    if neighbours.behind is not None:
        value += association(entry, neighbours.behind, lexicon)
    if lexicon.language == "sv":
        return agreement(neighbours.word_before, entry.flags)
    return _WEIGHT * value
