"""How likely English words are behind and before others: a trigram model with back-off.

Each order of n-grams is a hashed table. An n-gram's key selects a bucket by its highest bits and
is looked for there by the 32 bits below; that another one has them all is as likely as one in
10^8. Logarithms are natural ones, stored as whole numbers of steps.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .hashing import Keys, pair_key, pair_keys, word_key
from .index_files import Arrays
from .ngram_files import END, START, STEP, NGrams

_BUCKET_BITS = 16
_MARK_BITS = 32
_MARK = (1 << _MARK_BITS) - 1
_ORDERS = ("unigram", "bigram", "trigram")

START_KEY, END_KEY = word_key(START), word_key(END)


class Context(NamedTuple):
    """The keys of up to two words before a place and of up to two behind it, as the text has them.

    `START_KEY` and `END_KEY` stand for the ends of a sentence.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]


def tables(ngrams: NGrams) -> Arrays:
    """The model as it is stored in the index."""
    words = np.array([word_key(word) for word in ngrams.words], np.uint64)
    pairs = pair_keys(words[ngrams.bigrams[0]], words[ngrams.bigrams[1]])
    opening = pair_keys(words[ngrams.trigrams[0]], words[ngrams.trigrams[1]])
    triples = pair_keys(opening, words[ngrams.trigrams[2]])
    return {
        **_table("unigram", words, logs=ngrams.logs, backoffs=ngrams.backoffs),
        **_table("bigram", pairs, logs=ngrams.bigram_logs, backoffs=ngrams.bigram_backoffs),
        **_table("trigram", triples, logs=ngrams.trigram_logs),
    }


def _table(name: str, keys: Keys, **values: npt.NDArray[np.uint8]) -> Arrays:
    order = np.argsort(keys)
    ordered = keys[order]
    buckets = ordered >> np.uint64(64 - _BUCKET_BITS)
    marks = (ordered >> np.uint64(64 - _BUCKET_BITS - _MARK_BITS)).astype(np.uint32)
    begins = np.searchsorted(buckets, np.arange((1 << _BUCKET_BITS) + 1, dtype=np.uint64))
    return {
        f"{name}_begins": begins.astype(np.uint32),
        f"{name}_marks": marks,
        **{f"{name}_{what}": steps[order] for what, steps in values.items()},
    }


class LanguageModel:
    def __init__(self, arrays: Arrays) -> None:
        # Views of the mapped files: bisect on them is several times as fast as on the arrays.
        self._begins = [arrays[f"{name}_begins"].data for name in _ORDERS]
        self._marks = [arrays[f"{name}_marks"].data for name in _ORDERS]
        self._logs = [arrays[f"{name}_logs"].data for name in _ORDERS]
        self._backoffs = [arrays[f"{name}_backoffs"].data for name in _ORDERS[:-1]]

    def _place(self, order: int, key: int) -> int:
        """Where the n-gram stands in its table, or -1."""
        bucket = key >> 64 - _BUCKET_BITS
        mark = key >> 64 - _BUCKET_BITS - _MARK_BITS & _MARK
        begins, marks = self._begins[order], self._marks[order]
        end = begins[bucket + 1]
        place = bisect_left(marks, mark, begins[bucket], end)
        return place if place < end and marks[place] == mark else -1

    def knows(self, word: int) -> bool:
        return self._place(0, word) >= 0

    def log_share(self, word: int) -> float | None:
        """Natural log of how frequent the word is; `None` if the model does not have it."""
        place = self._place(0, word)
        return -STEP * self._logs[0][place] if place >= 0 else None

    def log_pair(self, first: int, second: int) -> float | None:
        """Natural log of the share of this pair among all pairs of words, if it is known."""
        place = self._place(1, pair_key(first, second))
        share = self.log_share(first) if place >= 0 else None
        return None if share is None else share - STEP * self._logs[1][place]

    def log_behind(self, given: Sequence[int], words: Sequence[int]) -> float:
        """Natural log of the probability of all of `words` behind those given.

        The model must know all of them.
        """
        steps = 0
        first, second = (0, 0, *given)[-2:]
        for word in words:
            steps += self._steps(first, second, word)
            first, second = second, word
        return -STEP * steps

    def log_within(self, context: Context, words: Sequence[int]) -> float:
        """Natural log of the probability of `words` and what is behind them in the context."""
        return self.log_behind(context.before, (*words, *context.behind))

    def _steps(self, first: int, second: int, word: int) -> int:
        """The log of the probability of `word` behind two others, 0 being none, in steps."""
        steps = 0
        if first:
            opening = pair_key(first, second)
            place = self._place(2, pair_key(opening, word))
            if place >= 0:
                return self._logs[2][place]
            place = self._place(1, opening)
            if place >= 0:
                steps = self._backoffs[1][place]
        if second:
            place = self._place(1, pair_key(second, word))
            if place >= 0:
                return steps + self._logs[1][place]
            steps += self._backoffs[0][self._place(0, second)]
        return steps + self._logs[0][self._place(0, word)]
