"""Take the English n-grams out of PocketSphinx's language model, for the spelling engine.

    pip download --no-deps --only-binary=:all: pocketsphinx==5.1.1
    python scripts/english_ngrams.py pocketsphinx-5.1.1-*.whl

The package brings a trigram model with back-off in its format "Trie Language Model". What is
written has the same words and n-grams; their logarithms are rounded to half a nat, which was
found to change nothing, and the file is a fifth as large. `ngram_files.py` describes it.
"""

import argparse
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.spellchecker_service.domain import ngram_files

TARGET = "services/spellchecker_service/domain/english_ngrams.xz"
_MEMBER = "pocketsphinx/model/en-us/en-us.lm.bin"
_MAGIC = b"Trie Language Model"
_ORDER = 3
_BINS = 1 << 16
_BIN_BITS = 16
_NAT = float(np.log(1.0001))
"""The model's logarithms have the base 1.0001."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Trie:
    """Each word has a run of bigrams that end in it, each bigram one of trigrams that end so.

    An entry names the word that stands before what the entries above it name.
    """

    words: list[str]
    logs: Floats
    backoffs: Floats
    bigrams_at: Integers
    before: Integers
    bigram_logs: Floats
    bigram_backoffs: Floats
    trigrams_at: Integers
    before_both: Integers
    trigram_logs: Floats


class _Bits:
    """Records of so many bits each, the lowest bit first."""

    def __init__(self, data: bytes, start: int, width: int) -> None:
        self._windows: npt.NDArray[np.uint64] = np.ndarray(
            (len(data) - start - 7,), "<u8", data, start, (1,)
        )
        self._width = width

    def field(self, offset: int, bits: int, count: int) -> Integers:
        places = np.arange(count, dtype=np.int64) * self._width + offset
        shifted = self._windows[places >> 3] >> (places & 7).astype(np.uint64)
        values: Integers = (shifted & np.uint64((1 << bits) - 1)).astype(np.int64)
        return values

    def size(self, records: int) -> int:
        """In bytes, with one record too many and eight bytes of padding, as the format has it."""
        return ((records + 1) * self._width + 7) // 8 + 8


def _read(data: bytes) -> _Trie:
    if not data.startswith(_MAGIC) or data[len(_MAGIC)] != _ORDER:
        raise ValueError("not a trigram model in the format Trie Language Model")
    at = len(_MAGIC) + 1
    unigrams, bigrams, trigrams = struct.unpack_from("<3I", data, at)
    at += 12 + 4
    bins = np.frombuffer(data, "<f4", 3 * _BINS, at).reshape(3, _BINS) * _NAT
    at += 3 * _BINS * 4
    words = np.frombuffer(data, [("log", "<f4"), ("bo", "<f4"), ("at", "<u4")], unigrams + 1, at)
    at += words.nbytes
    word_bits, pointer_bits = int(unigrams).bit_length(), int(trigrams).bit_length()
    middle = _Bits(data, at, word_bits + 2 * _BIN_BITS + pointer_bits)
    longest = _Bits(data, at + middle.size(bigrams), word_bits + _BIN_BITS)
    spelt = at + middle.size(bigrams) + longest.size(trigrams)
    (length,) = struct.unpack_from("<i", data, spelt)
    # The counts in the head are a few too high: where the last word's run ends tells the truth.
    bigrams = int(words["at"][-1])
    trigrams_at = middle.field(word_bits + 2 * _BIN_BITS, pointer_bits, bigrams + 1)
    trigrams = int(trigrams_at[-1])
    return _Trie(
        data[spelt + 4 : spelt + 4 + length].decode("ascii").split("\0")[:-1],
        words["log"][:-1] * _NAT,
        words["bo"][:-1] * _NAT,
        words["at"].astype(np.int64),
        middle.field(0, word_bits, bigrams),
        bins[0][middle.field(word_bits + _BIN_BITS, _BIN_BITS, bigrams)],
        bins[1][middle.field(word_bits, _BIN_BITS, bigrams)],
        trigrams_at,
        longest.field(0, word_bits, trigrams),
        bins[2][longest.field(word_bits, _BIN_BITS, trigrams)],
    )


def _rounded(logs: Floats) -> npt.NDArray[np.uint8]:
    steps = np.round(-logs / ngram_files.STEP)
    rounded: npt.NDArray[np.uint8] = np.clip(steps, 0, ngram_files.MOST).astype(np.uint8)
    return rounded


def _forwards(trie: _Trie) -> ngram_files.NGrams:
    """The same n-grams by their first words, for all words that the engine can meet."""
    by_frequency = np.argsort(-trie.logs, kind="stable")
    kept = np.array([n for n in by_frequency if ngram_files.WORD.fullmatch(trie.words[n])])
    number = np.full(len(trie.words), -1, np.int64)
    number[kept] = np.arange(len(kept))
    last = np.repeat(np.arange(len(trie.words)), np.diff(trie.bigrams_at))
    bigrams = number[np.stack([trie.before, last])]
    of_bigram = np.diff(trie.trigrams_at)
    trigrams = np.vstack(
        [
            number[trie.before_both],
            np.repeat(bigrams[0], of_bigram),
            np.repeat(bigrams[1], of_bigram),
        ]
    )
    pairs, triples = _sorted(bigrams), _sorted(trigrams)
    return ngram_files.NGrams(
        [trie.words[n] for n in kept],
        _rounded(trie.logs[kept]),
        _rounded(trie.backoffs[kept]),
        bigrams[:, pairs],
        _rounded(trie.bigram_logs[pairs]),
        _rounded(trie.bigram_backoffs[pairs]),
        trigrams[:, triples],
        _rounded(trie.trigram_logs[triples]),
    )


def _sorted(ngrams: Integers) -> npt.NDArray[Any]:
    """The places of those n-grams whose words are all kept, in the order of their words."""
    places = np.flatnonzero((ngrams >= 0).all(axis=0))
    return places[np.lexsort(ngrams[::-1, places])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("target", type=Path, nargs="?", default=Path(TARGET))
    given = parser.parse_args()
    with zipfile.ZipFile(given.package) as package:
        ngrams = _forwards(_read(package.read(_MEMBER)))
    ngram_files.write(given.target, ngrams)
    print(
        f"{len(ngrams.words)} words, {ngrams.bigrams.shape[1]} bigrams"
        f" and {ngrams.trigrams.shape[1]} trigrams in {given.target}"
    )


if __name__ == "__main__":
    main()
