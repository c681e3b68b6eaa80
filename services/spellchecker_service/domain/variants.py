"""British and American spellings of one word: `favourite`, `favorite`. Both are right."""

import re

from .phonetics import Language

BRITISH = (
    ("our", "or"),
    ("is(?=e|i|a)", "iz"),
    ("ys(?=e|i)", "yz"),
    ("re(?=s?$)", "er"),
    ("ll", "l"),
    ("[ao]e", "e"),
    ("ogue", "og"),
    ("nc(?=e)", "ns"),
    ("mme(?=s?$)", "m"),
)
_RULES = tuple((re.compile(british), american) for british, american in BRITISH)


def same_word(first: str, second: str, language: Language) -> bool:
    """Whether the two are spellings of one word, as far as the rules know."""
    return language == "en" and _common(first) == _common(second)


def _common(word: str) -> str:
    for british, american in _RULES:
        word = british.sub(american, word)
    return word
