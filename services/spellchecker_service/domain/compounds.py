"""Swedish compounds: words put together from parts that the dictionary lets stand there."""

from functools import cache
from typing import NamedTuple

from .index_files import Flag
from .lexicon import Lexicon

SHORTEST = 2
_LONGEST = 60
_MOST_PARTS = 4


class Compound(NamedTuple):
    """`weakest` is the lowest frequency among the parts, `shortest` the length of the shortest."""

    parts: tuple[str, ...]
    weakest: float
    shortest: int

    @property
    def worth(self) -> float:
        """How much the word looks like a real one, in nats."""
        return 1.2 * self.weakest + 1.5 * min(self.shortest, 5) - 2.5 * (len(self.parts) - 2)


def begins(word: str, lexicon: Lexicon) -> list[int]:
    """Where a compound's first part may end, by the dictionary."""
    return [
        place
        for place in range(SHORTEST, len(word) - 1)
        if lexicon.entry(word[:place]).flags & Flag.BEGIN
    ]


def analyse(word: str, lexicon: Lexicon) -> Compound | None:
    """The most convincing way to read `word` as a compound, if there is one."""
    if len(word) > _LONGEST:
        return None

    @cache
    def rest(start: int, parts: int) -> Compound | None:
        best: Compound | None = None
        tail = word[start:]
        entry = lexicon.entry(tail)
        if entry.flags & Flag.END and len(tail) > SHORTEST:
            best = Compound((tail,), entry.zipf, len(tail))
        if parts < _MOST_PARTS:
            for place in range(start + SHORTEST, len(word) - SHORTEST):
                head = word[start:place]
                if lexicon.entry(head).flags & Flag.MIDDLE:
                    best = _better(best, _joined(head, lexicon, rest(place, parts + 1)))
        return best

    best = None
    for place in begins(word, lexicon):
        for start in (place, place - 1) if word[place - 1] == word[place - 2] else (place,):
            best = _better(best, _joined(word[:place], lexicon, rest(start, 2)))
    return best


def _joined(head: str, lexicon: Lexicon, tail: Compound | None) -> Compound | None:
    if tail is None:
        return None
    return Compound(
        (head, *tail.parts),
        min(lexicon.entry(head).zipf, tail.weakest),
        min(len(head), tail.shortest),
    )


def _better(first: Compound | None, second: Compound | None) -> Compound | None:
    if first is None or second is None:
        return first or second
    return first if first.worth >= second.worth else second
