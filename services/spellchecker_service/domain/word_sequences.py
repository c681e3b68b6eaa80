"""How much likelier than by chance a Swedish word stands where it does.

Counted over texts is what stands side by side, two and three at a time, of words and of words and a
grammatical class. Most counts are small. Each is taken for that of a Poisson process whose rate has
a gamma prior, as in DuMouchel, Bayesian data mining in large frequency tables (1999): where n are
counted and e expected, the rate is (n + shape) / (e + shape / prior rate) times the expected.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from . import swedish_grammar
from .hashing import Keys, pair_key, pair_keys, word_key
from .index_files import Arrays
from .tables import Table, table
from .tokens import tokenise

EDGE = "."
"""What stands for the beginning and the end of a sentence."""
SENTENCE_ENDS = frozenset(".;:!?")
_SHAPE = 0.7
"""So many occurrences weigh as much as the prior."""
_CLASS_SHAPE = 5.0
_CLASS = 0.6
"""How far a pair of words is expected to be as likely as its class."""
_FAR = 0.6
"""What the word after the next tells, beside what the next one does."""
_ANY = word_key("*")
"""Stands for a word that is left open."""


def runs(text: str) -> Iterator[list[str]]:
    """The words of each sentence with its edges, cut where anything else than space is between."""
    run, end = [EDGE], 0
    for token in tokenise(text):
        gap = text[end : token.start]
        if end and not SENTENCE_ENDS.isdisjoint(gap):
            yield [*run, EDGE]
            run = [EDGE]
        elif end and gap != " ":
            yield run
            run = []
        run.append(token.lower)
        end = token.end
    yield [*run, EDGE]


@cache
def class_key(flags: int) -> int:
    """The key of the grammatical class of a word with these flags, beside those of words."""
    return word_key(f"<{swedish_grammar.word_class(flags)}>")


def tables(texts: Iterable[str], flags_of: Callable[[str], int]) -> Arrays:
    """The counts, as they are stored in the index."""
    key_of = {EDGE: (word_key(EDGE), 0)}
    found: list[tuple[int, int]] = []
    for text in texts:
        for run in runs(text):
            for word in run:
                if word not in key_of:
                    key_of[word] = (word_key(word), class_key(flags_of(word)))
                found.append(key_of[word])
            found.append((0, 0))
    words, classes = np.array(found, np.uint64).reshape(-1, 2).T
    open_words = np.where(words != 0, np.uint64(_ANY), words)
    sequences = [
        _joined(each)
        for each in (
            [words],
            [classes],
            [words, words],
            [words, classes],
            [classes, words],
            [words, words, words],
            [words, words, classes],
            [classes, words, words],
            [words, open_words, words],
            [words, open_words, classes],
            [classes, open_words, words],
        )
    ]
    keys, counts = np.unique(np.concatenate(sequences), return_counts=True)
    return {
        **table("sequence", keys, counts=counts.astype(np.uint32)),
        "sequence_words": np.array([np.count_nonzero(words)], np.uint32),
    }


def _joined(columns: Sequence[Keys]) -> Keys:
    """The keys of what stands in the columns one behind the other, where nothing is missing."""
    size = len(columns[0]) - len(columns) + 1
    shifted = [column[at : at + size] for at, column in enumerate(columns)]
    keys = shifted[0]
    for column in shifted[1:]:
        keys = pair_keys(keys, column)
    complete: Keys = keys[np.all([column != 0 for column in shifted], axis=0)]
    return complete


class WordSequences:
    def __init__(self, arrays: Arrays) -> None:
        self._table = Table(arrays, "sequence")
        self._counts = arrays["sequence_counts"].data
        self.words = int(arrays["sequence_words"][0])
        """How many words were counted, the edges of sentences among them."""

    def count(self, key: int) -> int:
        """How often a word, a class, or several of them one behind the other were seen."""
        place = self._table.place(key)
        return self._counts[place] if place >= 0 else 0

    def share(self, word: int, elsewhere: float) -> float:
        """How frequent a word is, here and by another source."""
        return (self.count(word) / self.words + elsewhere) / 2


class _Rates(NamedTuple):
    """How much likelier than by chance something stands beside the near word, in nats.

    `both` is what the far word adds to that, `far` what it tells alone.
    """

    near: float
    both: float
    far: float


class Side:
    """What stands on one side of a place: the words `near` and `far`, by their keys.

    `near_share` is how frequent the near one is by another source than these counts.
    """

    def __init__(
        self, known: WordSequences, near: int, far: int | None, near_share: float, *, before: bool
    ) -> None:
        self._known, self._near, self._far, self._before = known, near, far or 0, before
        seen = known.count(near)
        self._often = max(float(seen), near_share * known.words)
        self._far_often = known.count(far) if far is not None else 0
        together = known.count(self._key(self._far, near)) if seen else 0
        self._far_rate = together / seen if together else 0.0
        self._by_class: dict[int, _Rates] = {}

    def lift(self, word: int, class_key: int, share: float, prior: float | None) -> float:
        """Natural log of how much likelier than by chance the word stands beside these.

        `share` is how frequent it is; `prior` the same log beside the near one by another source.
        """
        if class_key not in self._by_class:
            usual = self._known.count(class_key) / self._known.words
            self._by_class[class_key] = self._rates(class_key, usual, _CLASS_SHAPE, 0.0, 0.0)
        of_class = self._by_class[class_key]
        expected = _CLASS * of_class.near if prior is None else prior
        of_word = self._rates(word, share, _SHAPE, expected, _CLASS * of_class.far)
        return of_word.near + of_word.both + of_class.both + _FAR * of_word.far

    def _rates(self, key: int, share: float, shape: float, near: float, far: float) -> _Rates:
        """Of what is under the key, where `near` and `far` are expected."""
        together = self._known.count(self._key(self._near, key))
        by_near = log_rate(together, self._often * share, shape, near)
        if not self._far_often:
            return _Rates(by_near, 0.0, 0.0)
        skipping = self._known.count(self._key(self._far, _ANY, key))
        by_far = log_rate(skipping, self._far_often * share, shape, far)
        if not (together and self._far_rate):
            return _Rates(by_near, 0.0, by_far)
        three = self._known.count(self._key(self._far, self._near, key))
        return _Rates(by_near, log_rate(three, together * self._far_rate, shape), by_far)

    def _key(self, *inwards: int) -> int:
        """The key of words that are given from the furthest to the one at the place."""
        first, *others = inwards if self._before else inwards[::-1]
        return reduce(pair_key, others, first)


def log_rate(count: float, expected: float, shape: float = 1.0, prior: float = 0.0) -> float:
    """Natural log of how much likelier than by chance what was counted and expected so often is.

    `prior` is the same by another source, which weighs as much as `shape` occurrences.
    """
    return math.log((count + shape) / (expected + shape * math.exp(-prior)))
