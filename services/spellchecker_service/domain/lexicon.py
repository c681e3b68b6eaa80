"""What is known of a word: whether a dictionary has it, how frequent it is, what it may join."""

from functools import lru_cache
from typing import NamedTuple

from . import building, sources
from .hashing import pair_key, word_key
from .index_files import Arrays, Flag, ensure, index_version, load
from .language_model import LanguageModel
from .phonetics import Language
from .tables import Table
from .word_sequences import WordSequences

LN10 = 2.302585092994046
FUNCTION_WORD = 6.0
"""Zipf frequency from which a word is rather one of grammar than of content."""
_REMEMBERED = 200_000


class Entry(NamedTuple):
    """What the index has of a word.

    `flags` are bits of `Flag`, `zipf` log10 of occurrences in 10^9 words, `number` that of the
    candidate or -1; `key` is the word's own key.
    """

    flags: int
    zipf: float
    number: int
    key: int


class Lexicon:
    """The words of one language, read from a memory-mapped index."""

    def __init__(self, language: Language, arrays: Arrays) -> None:
        self.language = language
        self.arrays = arrays
        self._words = Table(arrays, "word")
        # Views of the mapped files are faster to read one by one than the arrays.
        self._flags = arrays["word_flags"].data
        self._zipf = arrays["word_zipf"].data
        self._number = arrays["word_number"].data
        if language == "en":
            self.model = LanguageModel(arrays)
        else:
            self._pairs = Table(arrays, "pair")
            self._pair_logs = arrays["pair_logs"].data
            self.sequences = WordSequences(arrays)
        self._foreign = Table(arrays, "foreign")
        self._nowhere = (0.0,) * len(sources.OTHER_LANGUAGES[language])
        self._foreign_zipf = arrays["foreign_zipf"].data
        self._foreign_plain = arrays["foreign_plain"].data
        self._seen: dict[str, Entry] = {}

    def entry(self, word: str) -> Entry:
        """`word` is lower case. An unknown one has frequency 0."""
        found = self._seen.get(word)
        if found is None:
            key = word_key(word)
            place = self._words.place(key)
            if place >= 0:
                found = Entry(self._flags[place], self._zipf[place], self._number[place], key)
            else:
                found = Entry(0, 0.0, -1, key)
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[word] = found
        return found

    def foreign(self, word: str) -> tuple[float, ...]:
        """Zipf frequency in each of `sources.OTHER_LANGUAGES`, 0 where it is rare."""
        place = self._foreign.place(self.entry(word).key)
        if place < 0:
            return self._nowhere
        return tuple(self._foreign_zipf[place, column] for column in range(len(self._nowhere)))

    def is_foreign_word(self, word: str) -> bool:
        """Whether the other language has it in lower case, so that it is not a name there."""
        place = self._foreign.place(self.entry(word).key)
        return place >= 0 and bool(self._foreign_plain[place])

    def shown(self, number: int) -> str:
        """The candidate as it is written."""
        start, end = self.arrays["shown_at"][number], self.arrays["shown_at"][number + 1]
        return bytes(self.arrays["shown"][start:end]).decode()

    def pair_log(self, first: Entry, second: Entry) -> float | None:
        """Natural log of the share of this pair of words, if it is a frequent one."""
        if self.language == "en":
            return self.model.log_pair(first.key, second.key)
        place = self._pairs.place(pair_key(first.key, second.key))
        return self._pair_logs[place] if place >= 0 else None

    def knows(self, word: str) -> bool:
        return bool(self.entry(word).flags & (Flag.VALID | Flag.CAPITALISED))


@lru_cache(maxsize=4)
def lexicon(language: Language) -> Lexicon:
    """The lexicon of `language`; builds its index if it is missing."""
    version = index_version(sources.source_files(language))
    return Lexicon(language, load(ensure(language, version, building.build)))
