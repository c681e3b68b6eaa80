"""English words with two spellings, British and American, with accents and without.

Both are right: `favourite` and `favorite`, `façade` and `facade`.
"""

import re
import unicodedata
from functools import lru_cache

from .phonetics import Language

_BRITISH = (
    (r"([aeiouy]\w{1,3})our", r"\1or"),
    (r"([aeiouy]\w*)is(?=[eia])", r"\1iz"),
    (r"ys(?=[ei])", "yz"),
    (r"([aeiou]\w{0,2}[bcghptv])re(?=s?$)", r"\1er"),
    (r"elle(?=ry)", "el"),
    (r"([aeiou]\w*[aeiou])ll(?=[aeio])", r"\1l"),
    (r"(?<!l)l(?=ment|ful)", "ll"),
    (r"((?:fulf|inst|dist)i|enro|enthra|appa)l(?=s?$)", r"\1ll"),
    (r"[ao]e(?=\w{3}|a$)", "e"),
    (r"logue", "log"),
    (r"(?<=e)nc(?=es?$|eless)", "ns"),
    (r"mme(?=s?$)", "m"),
    (r"dge(?=ment)", "dg"),
    (r"(?<=t)r(?=ing$|ed$)", "er"),
    (r"^(s?m)oul(?=[dt])", r"\1ol"),
    (r"phur", "fur"),
    (r"^grey", "gray"),
    (r"^mum(?=s?$|m(y|ies)$)", "mom"),
    (r"chilli(?=e?s?$)", "chili"),
    (r"moustache", "mustache"),
    (r"plough", "plow"),
    (r"pyjama", "pajama"),
    (r"^sceptic", "skeptic"),
    (r"^tyre", "tire"),
    (r"yoghurt", "yogurt"),
)
"""Patterns of British spellings, with what the American ones have instead.

The vowels before some of them tell `colour` from `four`, and `travelled` from `filled`.
"""
_RULES = tuple((re.compile(british), instead) for british, instead in _BRITISH)


def same_word(first: str, second: str, language: Language) -> bool:
    """Whether the two are spellings of one word, as far as the rules know."""
    return language == "en" and _common(first) == _common(second)


def without_accents(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    return "".join(each for each in letters if not unicodedata.combining(each))


@lru_cache(maxsize=10_000)
def _common(word: str) -> str:
    return american(without_accents(word))


def american(word: str) -> str:
    """The American spelling of a word if it is a British one; else it may be no word: `wize`."""
    for british, instead in _RULES:
        word = british.sub(instead, word)
    return word
