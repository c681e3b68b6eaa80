"""Where the words come from: data files inside installed packages, nothing fetched.

`wordfreq` gives frequencies (data CC BY-SA 4.0), `spylls` carries the Hunspell dictionaries en_US
(SCOWL, BSD-like) and sv_SE (DSSO, LGPL 3), `symspellpy` English word pairs (package MIT). The index
is built from them where the engine runs and is never distributed. Swedish word pairs are in no
Python package: those of Tesseract (Apache-2.0) lie beside this module, put there by
`scripts/swedish_pairs.py`.
"""

import lzma
import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from .hunspell_files import Affix, Form, expand, read_affixes, read_stems
from .phonetics import Language

_DICTIONARY = {"en": "en/en_US", "sv": "sv/sv_SE"}


def _inside(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def dictionary_path(language: Language) -> Path:
    """The dictionary's path without `.aff` or `.dic`."""
    return _inside("spylls") / "hunspell" / "data" / _DICTIONARY[language]


def source_files(language: Language) -> list[Path]:
    """All files that the index of `language` depends on."""
    dictionary = dictionary_path(language)
    files = [
        dictionary.with_suffix(".aff"),
        dictionary.with_suffix(".dic"),
        _inside("wordfreq") / "data" / f"large_{language}.msgpack.gz",
    ]
    return [*files, _pairs_path(language)]


def _pairs_path(language: Language) -> Path:
    if language == "sv":
        return Path(__file__).with_name("swedish_pairs.txt.xz")
    return _inside("symspellpy") / "frequency_bigramdictionary_en_243_342.txt"


def frequencies(language: Language) -> dict[str, float]:
    """Zipf frequency (log10 of occurrences in 10^9 words) of each word in lower case."""
    import wordfreq  # noqa: PLC0415 -- a third of a second that only the build should pay

    table = wordfreq.get_frequency_dict(language, wordlist="large")
    return {word: math.log10(share) + 9 for word, share in table.items()}


class Dictionary:
    """A Hunspell dictionary with all its forms."""

    def __init__(self, language: Language) -> None:
        path = dictionary_path(language)
        self.affixes = read_affixes(path.with_suffix(".aff"))
        self.path = path.with_suffix(".dic")

    def forms(self) -> Iterator[Form]:
        memory: dict[str, list[Affix]] = {}
        for stem, flags in read_stems(self.path):
            yield from expand(self.affixes, stem, flags, memory)


def english_pairs() -> Iterator[tuple[str, str, int]]:
    """Pairs of words with their count among 1,024,908,267,229 words."""
    with _pairs_path("en").open(encoding="utf-8-sig") as lines:
        for line in lines:
            first, second, count = line.split()
            yield first, second, int(count)


def swedish_pairs() -> Iterator[tuple[str, str]]:
    """The commonest pairs of words on Swedish web pages, without their counts."""
    with lzma.open(_pairs_path("sv"), "rt", encoding="utf-8") as lines:
        for line in lines:
            first, *followers = line.split()
            for second in followers:
                yield first, second
