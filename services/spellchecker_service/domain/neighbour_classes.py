"""Which words stand beside which, where the table of word pairs has no such pair: by their classes.

Words with the same neighbours make a class, as `taught, learned` or `hotels, ships`: spherical
k-means over the neighbours in the table of pairs, with the grammatical tags of the dictionary. The
first centres are the most frequent words, so that there is no chance in it. Counts of pairs, summed
by class, tell how much likelier than by chance each class is before and behind each word. Words
that no pair has share what their tags tell.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .hashing import sign_rows, word_key
from .word_classes import TAGS

CLASSES = 100
_ROUNDS = 12
_RAREST = 6.2e-6
"""Share of the rarest pair."""
_PRIOR = 2e-4
"""Share of all pairs after which a word's own counts outweigh those of its class."""
_PRIOR_OF_CLASS = 4e-4
"""Share after which those of a class outweigh the average of all words."""
_MOST = 4.0
"""Nats: no class tells more than this."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Table = npt.NDArray[np.float16]


class Neighbourhoods(NamedTuple):
    """The tables have a row for each of `words`, then one for each combination of tags.

    Their columns are the classes, then the combinations of tags. A cell has the natural log of how
    much likelier than by chance such words stand before the word of the row, or behind it.
    """

    words: list[str]
    class_of: npt.NDArray[np.uint8]
    place_of_tags: npt.NDArray[np.uint8]
    before: Table
    behind: Table


class _Pairs(NamedTuple):
    first: Integers
    second: Integers
    shares: npt.NDArray[np.float64]


def neighbourhoods(
    pairs: Iterable[tuple[str, str, float]], tags_of: Callable[[str], int]
) -> Neighbourhoods:
    """What `pairs` tell of all words; they have the natural log of their share of all pairs."""
    numbers: dict[str, int] = {}
    counted = [
        (numbers.setdefault(first, len(numbers)), numbers.setdefault(second, len(numbers)), log)
        for first, second, log in pairs
    ]
    words = list(numbers)
    place_of_tags = np.zeros(1 << TAGS, np.uint8)
    first, second = np.array([pair[:2] for pair in counted], np.int64).T
    table = _Pairs(first, second, np.exp(np.array([log for _, _, log in counted])))
    tags = np.array([tags_of(word) for word in words], np.int64)
    classes = _classes(words, tags, table)
    present, tagged = np.unique(tags, return_inverse=True)
    place_of_tags[present] = np.arange(len(present))
    before = np.zeros((len(words), CLASSES))
    behind = np.zeros_like(before)
    np.add.at(before, (second, classes[first]), table.shares)
    np.add.at(behind, (first, classes[second]), table.shares)
    return Neighbourhoods(
        words,
        classes.astype(np.uint8),
        place_of_tags,
        _likelier(before, classes, tagged),
        _likelier(behind, classes, tagged),
    )


def _classes(words: list[str], tags: Integers, pairs: _Pairs) -> Integers:
    """The class of each word."""
    size = len(words)
    signs = sign_rows(np.array([word_key(word) for word in words], np.uint64))
    outward = np.bincount(pairs.first, pairs.shares, size)
    inward = np.bincount(pairs.second, pairs.shares, size)
    grammar = (tags[:, None] >> np.arange(TAGS)) & 1
    rows = _unit(
        np.hstack(
            [
                _profile(pairs.first, pairs.second, pairs.shares / outward[pairs.first], signs),
                _profile(pairs.second, pairs.first, pairs.shares / inward[pairs.second], signs),
                grammar.astype(np.float32),
            ]
        )
    )
    total = outward + inward
    weights = np.log1p(total / _RAREST).astype(np.float32)[:, None]
    centres = rows[np.argsort(-total, kind="stable")[:CLASSES]]
    nearest = np.zeros(size, np.int64)
    for _ in range(_ROUNDS):
        nearest = (rows @ centres.T).argmax(axis=1)
        moved = _unit(_sums(nearest, rows * weights, len(centres)))
        centres = np.where(np.any(moved, axis=1)[:, None], moved, centres)
    return nearest


def _profile(
    owners: Integers, others: Integers, shares: npt.NDArray[np.float64], signs: Floats
) -> Floats:
    """The neighbours of each word on one side, as a sum of their signs."""
    values = signs[others] * np.sqrt(shares).astype(np.float32)[:, None]
    return _sums(owners, values, len(signs))


def _sums(owners: Integers, values: Floats, size: int) -> Floats:
    """The sum of the rows of each owner; several times as fast as `numpy.add.at`."""
    result = np.zeros((size, values.shape[1]), np.float32)
    order = np.argsort(owners, kind="stable")
    ordered = owners[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    result[ordered[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return result


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Floats = rows / np.maximum(lengths, np.float32(1e-6))
    return result


def _likelier(counts: npt.NDArray[np.float64], classes: Integers, tagged: Integers) -> Table:
    average = counts.sum(axis=0) + 1e-12
    average /= average.sum()
    of_class = np.zeros((CLASSES, CLASSES))
    np.add.at(of_class, classes, counts)
    of_class = _shares(of_class + _PRIOR_OF_CLASS * average)
    own = _shares(counts + _PRIOR * of_class[classes])
    kinds = int(tagged.max()) + 1
    of_tags = np.zeros((kinds, CLASSES))
    np.add.at(of_tags, tagged, counts)
    of_tags = _shares(of_tags + _PRIOR_OF_CLASS * average)
    logs = np.clip(np.log(np.vstack([own, of_tags]) / average), -_MOST, _MOST)
    members = np.zeros((kinds, CLASSES))
    np.add.at(members, (tagged, classes), 1)
    table: Table = np.hstack([logs, logs @ _shares(members).T]).astype(np.float16)
    return table


def _shares(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = rows / rows.sum(axis=1, keepdims=True)
    return result
