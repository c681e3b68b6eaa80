"""Words that no dictionary has but that are formed by rule from one that it has: `märkningens`."""

import re

from . import compounds
from .index_files import Flag
from .lexicon import Lexicon

_GENITIVE_OR_PASSIVE = re.compile(r"(.{3,}[^sxz])s")
_RULES = (
    (re.compile(r"o(.{5,})"), r"\1"),
    (re.compile(r"(.{4,})(?:are|ast|aste|het|heten)"), r"\1"),
    (re.compile(r"(.{4,})(?:ande|ende|andet|endet)"), r"\1a"),
    # From `stämma` comes `stämning`: what keeps both letters is a slip.
    (re.compile(r"(.{3,}(?<!mm)(?<!nn))(?:ning|ningen)"), r"\1a"),
)


def is_derived(word: str, lexicon: Lexicon) -> bool:
    """Whether the Swedish `word`, in lower case, is a regular form of a known one."""
    found = _GENITIVE_OR_PASSIVE.fullmatch(word)
    if found is not None:
        base = found.group(1)
        if _exists(base, lexicon) or compounds.analyse(base, lexicon) is not None:
            return True
    return any(
        rule.fullmatch(word) is not None and _exists(rule.sub(base, word), lexicon)
        for rule, base in _RULES
    )


def _exists(word: str, lexicon: Lexicon) -> bool:
    return bool(lexicon.entry(word).flags & Flag.VALID)
