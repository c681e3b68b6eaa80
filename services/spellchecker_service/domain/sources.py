"""Where the words come from: data files that are installed, nothing fetched.

`wordfreq` gives frequencies (data CC BY-SA 4.0), `spylls` carries the Hunspell dictionaries en_US
(SCOWL, BSD-like) and sv_SE (DSSO, LGPL 3). The index is built from them where the engine runs and
is never distributed. What stands beside what lies beside this module: English n-grams of
PocketSphinx (BSD), put there by `scripts/english_ngrams.py`, Swedish word pairs of Tesseract
(Apache-2.0), by `scripts/swedish_pairs.py`, and Swedish texts written for it, by
`scripts/swedish_texts.py`.
"""

import lzma
import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from . import ngram_files
from .hunspell_files import Affix, Form, expand, read_affixes, read_stems
from .phonetics import LANGUAGES, Language

_DICTIONARY = {"en": "en/en_US", "sv": "sv/sv_SE"}
OTHER_LANGUAGES: dict[Language, tuple[str, ...]] = {
    "en": ("sv", "de", "es", "fr"),
    "sv": ("en", "de", "es", "fr"),
}
"""What a text may quote: the other language that is checked, and those that schools teach."""
_ENGLISH_NGRAMS = Path(__file__).with_name("english_ngrams.xz")
_SWEDISH_PAIRS = Path(__file__).with_name("swedish_pairs.txt.xz")
_SWEDISH_TEXTS = Path(__file__).with_name("swedish_texts.txt.xz")


def _inside(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def dictionary_path(language: Language) -> Path:
    """The dictionary's path without `.aff` or `.dic`."""
    return _inside("spylls") / "hunspell" / "data" / _DICTIONARY[language]


def source_files(language: Language) -> list[Path]:
    """All files that the index of `language` depends on; it tells of other languages too."""
    words = _inside("wordfreq") / "data"
    files = [
        *(
            dictionary_path(each).with_suffix(suffix)
            for each in LANGUAGES
            for suffix in (".aff", ".dic")
        ),
        words / f"large_{language}.msgpack.gz",
        *(words / f"small_{each}.msgpack.gz" for each in OTHER_LANGUAGES[language]),
    ]
    return [*files, *([_SWEDISH_PAIRS, _SWEDISH_TEXTS] if language == "sv" else [_ENGLISH_NGRAMS])]


def frequencies(language: str, *, usual: bool = False) -> dict[str, float]:
    """Zipf frequency (log10 of occurrences in 10^9 words) of each word in lower case.

    With `usual` of words alone that occur in a million at least once, which are in a smaller file.
    """
    import wordfreq  # noqa: PLC0415 -- a third of a second that only the build should pay

    table = wordfreq.get_frequency_dict(language, wordlist="small" if usual else "large")
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


def english_ngrams() -> ngram_files.NGrams:
    return ngram_files.read(_ENGLISH_NGRAMS)


def swedish_pairs() -> Iterator[tuple[str, str]]:
    """The commonest pairs of words on Swedish web pages, without their counts."""
    with lzma.open(_SWEDISH_PAIRS, "rt", encoding="utf-8") as lines:
        for line in lines:
            first, *followers = line.split()
            for second in followers:
                yield first, second


def swedish_texts() -> Iterator[str]:
    """Paragraphs of correct Swedish of the kinds that pupils and learners write."""
    with lzma.open(_SWEDISH_TEXTS, "rt", encoding="utf-8") as lines:
        yield from lines
