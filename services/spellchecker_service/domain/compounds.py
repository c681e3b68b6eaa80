"""Swedish compounds: words put together from others."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from .index_files import Flag
from .lexicon import Entry, Lexicon

_SHORTEST, _SHORTEST_LAST = 2, 3
_SHORTEST_SUPPOSED = 3
_LONGEST = 60
_MOST_PARTS = 4
_USED = 1.5
"""Zipf frequency from which a word is one that people use, not one that only a dictionary has."""
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
    supposed = _suppose(word, lexicon)
    return _SUPPOSED * supposed.worth if supposed is not None else 0.0


def analyse(word: str, lexicon: Lexicon) -> Compound | None:
    """The most convincing way to read `word` as parts that the dictionary lets join."""

    def heads(start: int, place: int) -> Iterator[str]:
        for head in _whole(word[start:place], word[place]):
            if lexicon.entry(head).flags & (Flag.MIDDLE if start else Flag.BEGIN):
                yield head

    def ends(last: Entry) -> bool:
        return bool(last.flags & Flag.END)

    return _most_convincing(word, lexicon, heads, ends)


def _suppose(word: str, lexicon: Lexicon) -> Compound | None:
    """The same of words that people use, though the dictionary does not say that they join."""

    def heads(start: int, place: int) -> Iterator[str]:
        head, rest = word[start:place], word[place:]
        if start and len(head) < _SHORTEST_SUPPOSED:
            return
        if lexicon.pair_log(lexicon.entry(head), lexicon.entry(rest)) is not None:
            return  # rather a pair of words without its space
        for form, flags in _forms(head, rest[0]):
            entry = lexicon.entry(form)
            if entry.flags & flags and entry.zipf > _USED:
                yield form

    def ends(last: Entry) -> bool:
        return bool(last.flags & (Flag.VALID | Flag.END)) and last.zipf > _USED

    return _most_convincing(word, lexicon, heads, ends)


def _forms(head: str, following: str) -> Iterator[tuple[str, int]]:
    """The words that `head` may be of, and what they have to be for that.

    Before another part a word may lack its last vowel, or have a binding `s`.
    """
    for whole in _whole(head, following):
        yield whole, Flag.VALID | Flag.BEGIN
    if len(head) > _SHORTEST_SUPPOSED:
        yield head + "a", Flag.VALID
        yield head + "e", Flag.VALID
        if head.endswith("s"):
            yield head[:-1], Flag.VALID


def _whole(head: str, following: str) -> tuple[str, ...]:
    """Of three like letters where two parts meet only two are written: `kontroll`, `lista`."""
    return (head, head + following) if head[-1] == following else (head,)


def _most_convincing(
    word: str,
    lexicon: Lexicon,
    heads: Callable[[int, int], Iterator[str]],
    ends: Callable[[Entry], bool],
) -> Compound | None:
    """Parts out of `heads(start, place)`, from place to place, and a last one that `ends` it."""

    @cache
    def rest(start: int, parts: int) -> Compound | None:
        best = None
        last = lexicon.entry(word[start:])
        if start and ends(last):
            best = Compound((word[start:],), last.zipf, len(word) - start)
        if parts < _MOST_PARTS:
            for place in range(start + _SHORTEST, len(word) - _SHORTEST_LAST + 1):
                for head in heads(start, place):
                    best = _better(best, _joined(head, lexicon, rest(place, parts + 1)))
        return best

    return rest(0, 1) if len(word) <= _LONGEST else None


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
