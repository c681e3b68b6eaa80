"""Which candidate is meant: its distance and frequency, and the words beside it."""

from typing import NamedTuple

from .lexicon import LN10, Entry, Lexicon
from .phonetics import Language
from .swedish_grammar import agreement

_PER_WORD = -9 * LN10
RAREST_PAIR: dict[Language, float] = {"en": -11.9, "sv": -15.0}
"""Natural log of the share of the rarest pairs in the table: an absent pair is rarer."""
_STRONGEST = 5.0
_WEAKEST: dict[Language, float] = {"en": -2.0, "sv": -3.0}
_WEIGHT = 0.65
_CLASS: dict[Language, float] = {"en": 0.2, "sv": 0.5}
_GRAMMAR = 0.7


class Neighbours(NamedTuple):
    """The known words before and behind a place, where nothing but space is between."""

    before: Entry | None
    behind: Entry | None
    word_before: str
    word_behind: str


def fit(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How well a word stands between its neighbours, in nats."""
    value = _WEIGHT * company(entry, neighbours, lexicon)
    if lexicon.language == "sv":
        tags_before = neighbours.before.flags if neighbours.before else 0
        value += _GRAMMAR * agreement(
            neighbours.word_before, tags_before, entry.flags, neighbours.word_behind
        )
    return value


def is_paired(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> bool:
    """Whether the word is one of a common pair with a word beside it."""
    before, behind = neighbours.before, neighbours.behind
    return (before is not None and lexicon.pair_log(before, entry) is not None) or (
        behind is not None and lexicon.pair_log(entry, behind) is not None
    )


def company(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How much likelier than by chance the word stands beside its neighbours, in nats.

    A table of pairs tells; of a pair that is not in it, the class of the word does.
    """
    value = 0.0
    before, behind = neighbours.before, neighbours.behind
    weight = _CLASS[lexicon.language]
    if before is not None:
        value += _pair(before, entry, weight * lexicon.class_behind(before, entry), lexicon)
    if behind is not None:
        value += _pair(entry, behind, weight * lexicon.class_before(entry, behind), lexicon)
    return value


def _pair(first: Entry, second: Entry, by_class: float, lexicon: Lexicon) -> float:
    if not first.zipf or not second.zipf:
        return 0.0
    weakest, rarest = _WEAKEST[lexicon.language], RAREST_PAIR[lexicon.language]
    by_chance = (first.zipf + second.zipf) * LN10 + 2 * _PER_WORD
    found = lexicon.pair_log(first, second)
    if found is None:
        return max(weakest, min(0.0, rarest - by_chance)) + by_class
    return max(weakest, min(_STRONGEST, found - by_chance))
