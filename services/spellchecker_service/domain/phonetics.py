"""Words that sound alike share a key: their consonants as spoken, and whether a vowel leads.

A simplification in the manner of Metaphone, one table of rewrites for each language. It only has
to bring the right word among the candidates; the ranking decides.
"""

import re
from functools import cache
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "sv"]
LANGUAGES: tuple[Language, ...] = ("en", "sv")

_ENGLISH = (
    ("^(?:kn|gn|pn)", "n"),
    ("^ps", "s"),
    ("^wr", "r"),
    ("^who", "ho"),
    ("^x", "s"),
    ("sc?h(?=[eiou])", "X"),
    ("tch|[cs]h", "X"),
    ("[tsc]i(?=on|an|al|ou|en)|ss?ure|ture", "X"),
    ("gh(?=t)|(?<=[aeiou])gh|^gh", ""),
    ("ph", "f"),
    ("th", "0"),
    ("sc(?=[eiy])", "s"),
    ("cc(?=[eiy])|x", "ks"),
    ("c(?=[eiy])|z", "s"),
    ("ck|q|c", "k"),
    ("dg|g(?=[eiy])", "j"),
    ("mb$", "m"),
    ("v", "f"),
    ("(?<=[aeiou])[wy](?![aeiou])|(?<!^)h", ""),
)
_SWEDISH = (
    ("stj|skj|sch|sj|ch|[ts]io(?=n)", "X"),
    ("^g(?=e.{1,3}$)", "j"),
    ("sk(?=[eiyäö])", "X"),
    ("kj|tj|k(?=[eiyäö])", "Q"),
    ("[dghl]j|g(?=[eiyäö])", "j"),
    ("c(?=[eiy])|z", "s"),
    ("ck|q|c", "k"),
    ("ngn|gn", "Nn"),
    ("ng", "N"),
    ("x|ks|gs", "ks"),
    ("ph", "f"),
    ("th", "t"),
    ("w", "v"),
    ("dt", "t"),
)
_VOWELS = "aeiouyåäöéèáàüê"


@cache
def _rewrites(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    table = _ENGLISH if language == "en" else _SWEDISH
    return tuple((re.compile(pattern), sound) for pattern, sound in table)


_REPEATED = re.compile(r"(.)\1+")
_INNER_VOWELS = re.compile(f"(?<!^)[{_VOWELS}'-]+")


def spoken(word: str, language: Language) -> str:
    """`word`, in lower case, with a letter for each consonant that is heard."""
    for pattern, sound in _rewrites(language):
        word = pattern.sub(sound, word)
    return word


def phonetic_key(word: str, language: Language) -> str:
    """`word` is lower case; the key has at most eight sounds."""
    word = spoken(word, language)
    if word[:1] in _VOWELS:
        word = "A" + word[1:]
    return _REPEATED.sub(r"\1", _INNER_VOWELS.sub("", word))[:8]
