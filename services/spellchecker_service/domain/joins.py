"""One word wrongly written as two: `to gether`, `sjuk sköterska`.

Two readings are weighed: that the writer meant the whole word and let a space slip in, and that
the two words stand side by side on purpose.
"""

import math

from .index_files import Flag
from .lexicon import LN10, Entry, Lexicon
from .phonetics import Language

_PER_WORD = -9 * LN10
_SLIP = 3.0
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


def together(first: str, second: str, known: Lexicon) -> tuple[str, float] | None:
    """The word that the two are parts of, as it is shown, with the probability that it is meant."""
    if len(second) < _SHORTEST or f"{first} {second}" in _EITHER_WAY:
        return None
    whole = known.entry(first + second)
    if whole.number < 0 or not whole.flags & Flag.VALID or whole.zipf < _USED:
        return None
    apart = _side_by_side(known.entry(first), known.entry(second), known)
    meant = whole.zipf * LN10 + _PER_WORD - _SLIP
    return known.shown(whole.number), 1 / (1 + math.exp(max(-50.0, min(50.0, apart - meant))))


def _side_by_side(first: Entry, second: Entry, known: Lexicon) -> float:
    """Natural log of how likely the two words are to stand beside each other."""
    found = known.pair_log(first, second)
    if found is not None:
        return found if known.language == "en" else found + _LISTED
    frequencies = max(first.zipf, _UNHEARD) + max(second.zipf, _UNHEARD)
    return frequencies * LN10 + 2 * _PER_WORD + _COMPANY[known.language]
