"""How likely English words are behind and before others: a trigram model with back-off.

Each order of n-grams is a hashed table. Logarithms are natural ones, stored as whole numbers of
steps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .hashing import pair_key, pair_keys, word_key
from .index_files import Arrays
from .ngram_files import END, START, STEP, NGrams
from .tables import Table, table

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
        **table("unigram", words, logs=ngrams.logs, backoffs=ngrams.backoffs),
        **table("bigram", pairs, logs=ngrams.bigram_logs, backoffs=ngrams.bigram_backoffs),
        **table("trigram", triples, logs=ngrams.trigram_logs),
    }


class LanguageModel:
    def __init__(self, arrays: Arrays) -> None:
        self._words, self._pairs, self._triples = (Table(arrays, name) for name in _ORDERS)
        self._logs = [arrays[f"{name}_logs"].data for name in _ORDERS]
        self._backoffs = [arrays[f"{name}_backoffs"].data for name in _ORDERS[:-1]]

    def knows(self, word: int) -> bool:
        return self._words.place(word) >= 0

    def log_share(self, word: int) -> float | None:
        """Natural log of how frequent the word is; `None` if the model does not have it."""
        place = self._words.place(word)
        return -STEP * self._logs[0][place] if place >= 0 else None

    def log_pair(self, first: int, second: int) -> float | None:
        """Natural log of the share of this pair among all pairs of words, if it is known."""
        place = self._pairs.place(pair_key(first, second))
        share = self.log_share(first) if place >= 0 else None
        return None if share is None else share - STEP * self._logs[1][place]

    def log_triple(self, first: int, second: int, third: int) -> float | None:
        """Natural log of the share of these three words among all triples, if it is known."""
        place = self._triples.place(pair_key(pair_key(first, second), third))
        together = self.log_pair(first, second) if place >= 0 else None
        return None if together is None else together - STEP * self._logs[2][place]

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
            place = self._triples.place(pair_key(opening, word))
            if place >= 0:
                return self._logs[2][place]
            place = self._pairs.place(opening)
            if place >= 0:
                steps = self._backoffs[1][place]
        if second:
            place = self._pairs.place(pair_key(second, word))
            if place >= 0:
                return steps + self._logs[1][place]
            steps += self._backoffs[0][self._words.place(second)]
        return steps + self._logs[0][self._words.place(word)]
