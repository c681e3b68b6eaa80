"""The file of English n-grams: a trigram model with back-off, by `scripts/english_ngrams.py`.

Compressed by xz: arrays of numpy one behind the other. N-grams are sorted by the numbers of their
words, so that little has to be said of each: how many go on from the same beginning, and how far
the last word's number is from that of the n-gram before. Logarithms are whole numbers of steps.
"""

import lzma
import re
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

STEP = 0.5
"""Nats, downwards from 0."""
MOST = 255
START, END = "<s>", "</s>"
WORD = re.compile(r"</?s>|[a-z]+(?:'[a-z]+)*")

Steps = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


class NGrams(NamedTuple):
    """`words` by frequency; the columns of `bigrams` and `trigrams` are numbers of words, sorted.

    What is called a log is that of the probability of the last word behind the others, a back-off
    what is added to the log of a word that is not known to follow.
    """

    words: list[str]
    logs: Steps
    backoffs: Steps
    bigrams: Integers
    bigram_logs: Steps
    bigram_backoffs: Steps
    trigrams: Integers
    trigram_logs: Steps


def write(path: Path, ngrams: NGrams) -> None:
    words = np.frombuffer("\n".join(ngrams.words).encode(), np.uint8)
    pairs = _key(ngrams.bigrams)
    opened = np.searchsorted(pairs, _key(ngrams.trigrams[:2]))
    file = BytesIO()
    for array in (
        words,
        ngrams.logs,
        ngrams.backoffs,
        *_runs(ngrams.bigrams[0], ngrams.bigrams[1], len(ngrams.words)),
        ngrams.bigram_logs,
        ngrams.bigram_backoffs,
        *_runs(opened, ngrams.trigrams[2], len(pairs)),
        ngrams.trigram_logs,
    ):
        np.save(file, array)
    path.write_bytes(lzma.compress(file.getvalue(), preset=9))


def read(path: Path) -> NGrams:
    file = BytesIO(lzma.decompress(path.read_bytes()))

    def following() -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.load(file)
        return array

    words = following().tobytes().decode().split("\n")
    logs, backoffs = following(), following()
    bigrams = np.stack(_unrolled(following(), following()))
    bigram_logs, bigram_backoffs = following(), following()
    opened, last = _unrolled(following(), following())
    trigrams = np.vstack([bigrams[:, opened], last])
    return NGrams(
        words, logs, backoffs, bigrams, bigram_logs, bigram_backoffs, trigrams, following()
    )


def _key(pairs: Integers) -> Integers:
    first, second = pairs
    keys: Integers = (first << 32) | second
    return keys


def _runs(owners: Integers, last: Integers, size: int) -> tuple[npt.NDArray[Any], Steps]:
    """How many entries each owner has, and the differences of `last` within each run, by bytes."""
    differences = np.diff(last, prepend=0)
    begins = np.diff(owners, prepend=-1) != 0
    differences[begins] = last[begins]
    by_bytes = differences.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]
    return np.bincount(owners, minlength=size).astype(np.uint32), np.ascontiguousarray(by_bytes.T)


def _unrolled(counts: npt.NDArray[Any], by_bytes: Steps) -> tuple[Integers, Integers]:
    """The owners and the last words of the entries."""
    owners = np.repeat(np.arange(len(counts)), counts)
    differences = by_bytes.astype(np.int64).T @ np.array([1, 1 << 8, 1 << 16])
    total = np.cumsum(differences)
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)[:-1]))[counts > 0]
    before_run = total[starts] - differences[starts]
    return owners, total - np.repeat(before_run, counts[counts > 0])
