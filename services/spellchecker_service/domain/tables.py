"""Hashed tables over 64-bit keys, in half the memory that the keys themselves would take.

The highest bits of a key select a bucket; there the entries are sorted by the bits below, their
mark. The bits below that are not kept. That an absent key is taken for one of a `Table` is as
likely as one in 10^8; of postings fewer bits are compared, and a candidate that is found by
accident is refused for its letters.
"""

from bisect import bisect_left
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .hashing import Keys
from .index_files import Arrays

_KEY_BITS = 64
_BUCKET_BITS = 16
_MARK_BITS = 32
_MARK = (1 << _MARK_BITS) - 1
_POSTING_BUCKET_BITS = 18
_POSTING_MARK_BITS = 14
ID_BITS = 18
"""Of the number of a candidate: mark and number of a posting have 32 bits together."""
_POSTING_BITS = _POSTING_MARK_BITS + ID_BITS
_POSTING_DROPPED = np.uint64(_KEY_BITS - _POSTING_BUCKET_BITS - _POSTING_MARK_BITS)
_ID = (1 << ID_BITS) - 1

Integers = npt.NDArray[np.int64]
_Whole = TypeVar("_Whole", np.int64, np.uint64)


def table(name: str, keys: Keys, **values: npt.NDArray[Any]) -> Arrays:
    """What stands under each key, as arrays of the index; the keys are distinct."""
    order = np.argsort(keys)
    ordered = keys[order]
    buckets = ordered >> np.uint64(_KEY_BITS - _BUCKET_BITS)
    marks = ordered >> np.uint64(_KEY_BITS - _BUCKET_BITS - _MARK_BITS)
    return {
        f"{name}_begins": _begins(buckets, _BUCKET_BITS),
        f"{name}_marks": marks.astype(np.uint32),
        **{f"{name}_{what}": each[order] for what, each in values.items()},
    }


def _begins(buckets: Keys, bits: int) -> npt.NDArray[np.uint32]:
    wanted = np.arange((1 << bits) + 1, dtype=np.uint64)
    return np.searchsorted(buckets, wanted).astype(np.uint32)


class Table:
    """Where the values of a key stand in the other arrays of the table."""

    def __init__(self, arrays: Arrays, name: str) -> None:
        # Views of the mapped files: bisect on them is several times as fast as on the arrays.
        self._begins = arrays[f"{name}_begins"].data
        self._marks = arrays[f"{name}_marks"].data

    def place(self, key: int) -> int:
        """The place of the key's values, or -1."""
        bucket = key >> _KEY_BITS - _BUCKET_BITS
        mark = key >> _KEY_BITS - _BUCKET_BITS - _MARK_BITS & _MARK
        begins, marks = self._begins, self._marks
        end = begins[bucket + 1]
        place = bisect_left(marks, mark, begins[bucket], end)
        return place if place < end and marks[place] == mark else -1


def distinct(values: npt.NDArray[_Whole]) -> npt.NDArray[_Whole]:
    """Sorted, each once; several times as fast on the postings as `numpy.unique`."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def postings(name: str, keys: Keys, numbers: Integers) -> Arrays:
    """Which candidates stand under each key, as arrays of the index."""
    whole = keys >> _POSTING_DROPPED
    entries = distinct((whole << np.uint64(ID_BITS)) | numbers.astype(np.uint64))
    buckets = entries >> np.uint64(_POSTING_BITS)
    return {
        f"{name}_begins": _begins(buckets, _POSTING_BUCKET_BITS),
        f"{name}_entries": entries.astype(np.uint32),
    }


def posted(arrays: Arrays, name: str, keys: Keys, owners: Integers) -> tuple[Integers, Integers]:
    """Who asked, and which candidates stand under the keys they asked for."""
    whole = keys >> _POSTING_DROPPED
    buckets = (whole >> np.uint64(_POSTING_MARK_BITS)).astype(np.int64)
    begins = arrays[f"{name}_begins"]
    first = begins[buckets].astype(np.int64)
    counts = begins[buckets + 1] - first
    offsets = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    found = arrays[f"{name}_entries"][np.arange(len(offsets)) + offsets]
    marks = (whole & np.uint64((1 << _POSTING_MARK_BITS) - 1)).astype(np.uint32)
    meant = found >> np.uint32(ID_BITS) == np.repeat(marks, counts)
    return np.repeat(owners, counts)[meant], (found[meant] & np.uint32(_ID)).astype(np.int64)
