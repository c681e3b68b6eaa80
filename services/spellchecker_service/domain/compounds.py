"""Swedish compounds: words put together from parts that the dictionary lets stand there."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from .index_files import Flag
from .lexicon import Lexicon

SHORTEST = 2
_LONGEST = 60
_MOST_PARTS = 4
_SHORTEST_SUPPOSED = 3
_SUPPOSED = 1 / 3


class Compound(NamedTuple):
    """`weakest` is the lowest frequency among the parts, `shortest` the length of the shortest."""

    parts: tuple[str, ...]
    weakest: float
    shortest: int

    @property
    def worth(self) -> float:
        """How much the word looks like a real one, in nats."""
        return 1.2 * self.weakest + 1.5 * min(self.shortest, 5) - 2.5 * (len(self.parts) - 2)


def worth(word: str, lexicon: Lexicon) -> float:
    """How much `word` looks like a compound, in nats; 0 if it cannot be one."""
    compound = analyse(word, lexicon)
    if compound is not None:
        return compound.worth
    supposed = _two_words(word, lexicon)
    return _SUPPOSED * supposed.worth if supposed is not None else 0.0


def _two_words(word: str, lexicon: Lexicon) -> Compound | None:
    """`word` as two that exist, though the dictionary does not say that they join.

    Not two that often stand side by side: those are a pair without its space.
    """
    best = None
    for place in range(_SHORTEST_SUPPOSED, min(len(word), _LONGEST) - _SHORTEST_SUPPOSED + 1):
        tail = lexicon.entry(word[place:])
        if not tail.flags & (Flag.VALID | Flag.END):
            continue
        for head in _heads(word, place):
            first = lexicon.entry(head)
            if first.flags & (Flag.VALID | Flag.BEGIN) and lexicon.pair_log(first, tail) is None:
                behind = Compound((word[place:],), tail.zipf, len(word) - place)
                best = _better(best, _joined(head, lexicon, behind))
    return best


def _heads(word: str, place: int) -> Iterator[str]:
    """What may stand before `place`: also with a binding `s`, or less one of three like letters."""
    head = word[:place]
    yield head
    if len(head) > _SHORTEST_SUPPOSED and head.endswith("s"):
        yield head[:-1]
    if len(head) > _SHORTEST_SUPPOSED and head[-1] == word[place]:
        yield head + head[-1]


def begins(word: str, lexicon: Lexicon) -> list[int]:
    """Where a compound's first part may end, by the dictionary."""
    return [
        place
        for place in range(SHORTEST, len(word) - 1)
        if lexicon.entry(word[:place]).flags & Flag.BEGIN
    ]


def _behind(word: str, place: int) -> tuple[int, ...]:
    """Where the part behind one that ends at `place` may begin.

    Two parts share a letter where there would be three alike: `kontroll`, `lista`.
    """
    return (place, place - 1) if word[place - 1] == word[place - 2] else (place,)


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
                    for behind in _behind(word, place):
                        best = _better(best, _joined(head, lexicon, rest(behind, parts + 1)))
        return best

    best = None
    for place in begins(word, lexicon):
        for start in _behind(word, place):
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
