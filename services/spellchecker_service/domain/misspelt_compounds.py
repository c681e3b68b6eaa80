"""Swedish compounds that no list has, with a slip in one of their parts: `ungdomsproblemm`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from . import compounds
from .candidates import SHARPNESS, Candidate, gather
from .index_files import Flag
from .lexicon import Lexicon

_SHORTEST, _LONGEST = 8, 40
_SHORTEST_PART = 3
_KEPT = 4
_FARTHEST = 1.2
"""So many unlikely slips may be in a part."""
_UNLISTED, _WORTH = -3.0, 0.3
"""Nats for a compound that nobody has written yet, and for each nat that its parts are worth."""
_NOT_LAST = Flag.BEGIN | Flag.MIDDLE
_THREE_ALIKE = re.compile(r"(.)\1\1")
"""Of `kontroll` and `lista` comes `kontrollista`."""


class MeantCompound(NamedTuple):
    """A compound and its last part; `score` in nats, as that of a `Candidate`."""

    whole: str
    last: str
    score: float


class _Slip(NamedTuple):
    """A part that may be misspelt, between parts that are right."""

    before: str
    part: str
    behind: str


def gather_compounds(words: Sequence[str], lexicon: Lexicon) -> list[list[MeantCompound]]:
    """The compounds that each word may be meant to be; none if it is one itself."""
    slips = [
        list(_slips(word, lexicon))
        if _SHORTEST <= len(word) <= _LONGEST and not compounds.worth(word, lexicon)
        else []
        for word in words
    ]
    parts = sorted({slip.part for found in slips for slip in found})
    near = dict(zip(parts, gather(parts, lexicon, _KEPT), strict=True))
    return [list(_repaired(found, near, lexicon)) for found in slips]


def _slips(word: str, lexicon: Lexicon) -> Iterator[_Slip]:
    """What may be misspelt of `word`: each part that has nothing but known parts around it."""
    for start, end in product(_begins(word, lexicon), _ends(word, lexicon)):
        if _SHORTEST_PART <= end - start < len(word):
            part, behind = word[start:end], word[end:]
            yield _Slip(word[:start], part, behind)
            if behind and part.endswith("s") and len(part) > _SHORTEST_PART:
                yield _Slip(word[:start], part[:-1], "s" + behind)


def _begins(word: str, lexicon: Lexicon) -> list[int]:
    """Where known parts that begin `word` end: nowhere, behind the first, behind the second."""
    found = [0]
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        if any(
            lexicon.entry(word[start:place]).flags & _NOT_LAST
            for start in found
            if place - start >= _SHORTEST_PART
        ):
            found.append(place)
    return found


def _ends(word: str, lexicon: Lexicon) -> list[int]:
    """Where known parts that end `word` begin."""
    found = [len(word)]
    for place in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        if any(
            lexicon.entry(word[place:end]).flags & (_NOT_LAST if end < len(word) else Flag.END)
            for end in found
            if end - place >= _SHORTEST_PART
        ):
            found.append(place)
    return found


def _repaired(
    slips: Sequence[_Slip], near: Mapping[str, Sequence[Candidate]], lexicon: Lexicon
) -> Iterator[MeantCompound]:
    nearest: dict[str, float] = {}
    for before, part, behind in slips:
        for candidate in near[part]:
            whole = _THREE_ALIKE.sub(r"\1\1", before + lexicon.shown(candidate.number) + behind)
            if candidate.distance < nearest.get(whole, _FARTHEST):
                nearest[whole] = candidate.distance
    for whole, distance in nearest.items():
        is_listed = lexicon.entry(whole).number >= 0  # and a candidate by itself
        compound = None if is_listed else compounds.analyse(whole, lexicon)
        if compound is not None:
            score = _UNLISTED + _WORTH * compound.worth - SHARPNESS * distance
            yield MeantCompound(whole, compound.parts[-1], score)
