"""Which class of words stands beside a word: what the pairs of words say of pairs not among them.

A class is a combination of grammatical tags. Counts of word pairs, summed by class, tell how much
likelier than by chance each class is before and behind each word.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

FIRST_TAG = 5
_MASK = (1 << 9) - 1
_PRIOR = 2.9e-6
"""Share of all pairs after which a word's own counts outweigh the average of all words."""
_MOST = 3.0
"""Nats: no class tells more than this."""

Table = npt.NDArray[np.float16]


def word_class(flags: int) -> int:
    """The class of a word with these flags, 0 where nothing is known."""
    return flags >> FIRST_TAG & _MASK


def neighbourhoods(
    pairs: Iterable[tuple[str, str, float]], class_of: Callable[[str], int]
) -> tuple[list[str], npt.NDArray[np.uint8], Table, Table]:
    """The words that occur in pairs, the column of each class, and what stands beside the words.

    The two tables have a row for each word: for each class the natural log of how much likelier
    than by chance it stands before the word, and behind it. `pairs` have the natural log of their
    share of all pairs.
    """
    numbers: dict[str, int] = {}
    counted = [
        (numbers.setdefault(first, len(numbers)), numbers.setdefault(second, len(numbers)), log)
        for first, second, log in pairs
    ]
    words = list(numbers)
    classes = np.array([class_of(word) for word in words], np.int64)
    present, column = np.unique(classes, return_inverse=True)
    columns = np.zeros(_MASK + 1, np.uint8)
    columns[present] = np.arange(len(present))
    places = np.array([pair[:2] for pair in counted], np.int64).reshape(-1, 2)
    first, second = places.T
    share = np.exp(np.array([log for _, _, log in counted]))
    before = np.zeros((len(words), len(present)))
    behind = np.zeros_like(before)
    np.add.at(before, (second, column[first]), share)
    np.add.at(behind, (first, column[second]), share)
    return words, columns, _likelier(before), _likelier(behind)


def _likelier(shares: npt.NDArray[np.float64]) -> Table:
    average = shares.sum(axis=0) + 1e-12
    average /= average.sum()
    own = shares + _PRIOR * average
    own /= own.sum(axis=1, keepdims=True)
    table: Table = np.clip(np.log(own / average), -_MOST, _MOST).astype(np.float16)
    return table
