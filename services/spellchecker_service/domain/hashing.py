"""64-bit keys for memory-mapped tables: of a word, and of what is left after deletions."""

from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt

PREFIX = 7
_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
_MULTIPLIER = np.uint64(_FIRST)

Words: TypeAlias = npt.NDArray[np.uint8]
Keys: TypeAlias = npt.NDArray[np.uint64]


def word_key(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


def pair_key(first: int, second: int) -> int:
    """The key of two words beside each other, from their own keys."""
    return (first * _FIRST + second * _SECOND) & 0xFFFFFFFFFFFFFFFF


def pair_keys(first: Keys, second: Keys) -> Keys:
    """`pair_key` of many."""
    return first * np.uint64(_FIRST) + second * np.uint64(_SECOND)


def encode(words: list[str], width: int) -> Words:
    """One row of Latin-1 codes for each word, zeros behind it; other letters become 1."""
    rows = np.zeros((len(words), width), np.uint8)
    for row, word in zip(rows, words, strict=True):
        codes = word[:width].encode("latin-1", "replace")
        row[: len(codes)] = np.frombuffer(codes, np.uint8)
    return rows


def letter_sets(rows: Words) -> npt.NDArray[np.uint32]:
    """Which letters each row has, as a set of 32 bits."""
    bits = np.where(rows > 0, np.uint32(1) << (rows & 31).astype(np.uint32), np.uint32(0))
    sets: npt.NDArray[np.uint32] = np.bitwise_or.reduce(bits, axis=1)
    return sets


def sound_hashes(keys: list[str]) -> npt.NDArray[np.uint32]:
    return np.array([crc32(key.encode()) for key in keys], np.uint32)


@lru_cache(maxsize=8)
def _deletions(most: int) -> list[tuple[int, ...]]:
    return [places for count in range(most + 1) for places in combinations(range(PREFIX), count)]


def deletion_keys(prefixes: Words, most: int) -> tuple[Keys, npt.NDArray[np.int64]]:
    """Keys of what is left of each prefix after up to `most` deletions, and the rows they are of.

    `prefixes` has `PREFIX` columns.
    """
    lengths = (prefixes > 0).sum(axis=1)
    codes = prefixes.astype(np.uint64)
    keys: list[Keys] = []
    rows: list[npt.NDArray[np.int64]] = []
    for places in _deletions(most):
        chosen = np.flatnonzero(lengths > places[-1]) if places else np.arange(len(prefixes))
        if len(places) > 0:
            chosen = chosen[lengths[chosen] > len(places)]
        key = np.zeros(len(chosen), np.uint64)
        for place in range(PREFIX):
            if place not in places:
                code = codes[chosen, place]
                longer = (key + code) * _MULTIPLIER
                key = np.where(code > 0, longer ^ (longer >> np.uint64(29)), key)
        keys.append(key * _MULTIPLIER)
        rows.append(chosen)
    return np.concatenate(keys), np.concatenate(rows)
