"""One word wrongly written as two: `to gether`, `sjuk sköterska`.

Two readings are weighed: that the writer meant the whole word and let a space slip in, and that
the two words stand side by side on purpose.
"""

import math

from .index_files import Flag
from .language_model import Context
from .lexicon import LN10, Entry, Lexicon
from .phonetics import Language
from .reading import Reading

_PER_WORD = -9 * LN10
_SLIP: dict[Language, float] = {"en": 5.0, "sv": 3.0}
"""Nats that a stray space costs."""
_COMPANY: dict[Language, float] = {"en": 3.0, "sv": 2.0}
"""Nats by which two words that no table knows as a pair may still be likelier than by chance."""
_LISTED = 3.0
"""Nats by which two words may be likelier than is estimated of a pair on a list without counts."""
_UNHEARD = 0.5
_SHORTEST = 2
_USED = 2.5
_EITHER_WAY = frozenset(
    """överhuvud taget; tvärt emot; ovan nämnd; ovan nämnda; ovan nämnde; ovan nämnt; allt ihop;
    ända fram; fram emot; mitt emot; runt omkring; rakt igenom; där ifrån; här ifrån; var ifrån;
    all right; any more; some day; any time""".replace("\n    ", " ").split("; ")
)
"""What the spelling dictionaries allow as two words too."""


def together(place: int, read: Reading) -> tuple[str, float] | None:
    """The word that the one at `place` and the one before it are parts of, if it is meant.

    As it is shown, with the probability.
    """
    first, second, known = read.tokens[place - 1].lower, read.tokens[place].lower, read.lexicon
    if len(second) < _SHORTEST or f"{first} {second}" in _EITHER_WAY:
        return None
    whole = known.entry(first + second)
    if whole.number < 0 or not whole.flags & Flag.VALID or whole.zipf < _USED:
        return None
    parts = known.entry(first), known.entry(second)
    if known.language == "en" and all(known.model.knows(each.key) for each in (whole, *parts)):
        context = Context(read.context(place - 1).before, read.context(place).behind)
        apart = known.model.log_within(context, [each.key for each in parts])
        meant = known.model.log_within(context, [whole.key])
    else:
        apart = _side_by_side(*parts, known)
        meant = whole.zipf * LN10 + _PER_WORD
    doubt = apart + _SLIP[known.language] - meant
    return known.shown(whole.number), 1 / (1 + math.exp(max(-50.0, min(50.0, doubt))))


def _side_by_side(first: Entry, second: Entry, known: Lexicon) -> float:
    """Natural log of how likely the two words are to stand beside each other."""
    found = known.pair_log(first, second)
    if found is not None:
        return found if known.language == "en" else found + _LISTED
    frequencies = max(first.zipf, _UNHEARD) + max(second.zipf, _UNHEARD)
    return frequencies * LN10 + 2 * _PER_WORD + _COMPANY[known.language]
