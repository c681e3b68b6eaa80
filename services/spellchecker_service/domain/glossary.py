"""Words that are right in one class: what its assignment and its file names vouch for.

Neither is proof-read, so a word that looks misspelt is not taken from them: a pupil whose file is
called `My favorit holliday` is still told of both.
"""

from collections import Counter
from collections.abc import Iterable

from .check import check
from .lexicon import lexicon
from .phonetics import Language
from .reading import Reading

_SURELY_MISSPELT: dict[Language, float] = {"en": 0.85, "sv": 0.9}


def words_of_assignment(assignment: str, language: Language) -> frozenset[str]:
    """The unknown words that stand there with a capital or more than once, and are no slips."""
    read = Reading(assignment, lexicon(language), ())
    slips = _surely_misspelt(assignment, language)
    unknown = [token for token in read.tokens if not read.knows(token)]
    often = Counter(token.lower for token in unknown)
    return frozenset(
        token.lower
        for token in unknown
        if token.lower not in slips
        and (often[token.lower] > 1 or (token.capitalised and not token.opens_sentence))
    )


def names_in_class(names: Iterable[str], text: str, language: Language) -> frozenset[str]:
    """Those of `names`, words of file names in lower case, that `text` has with a capital.

    What a dictionary has needs no voucher.
    """
    known = lexicon(language)
    return frozenset(
        name
        for name in names
        if name.capitalize() in text
        and not known.knows(name)
        and not _surely_misspelt(name, language)
    )


def _surely_misspelt(text: str, language: Language) -> set[str]:
    return {
        each.original.lower()
        for each in check(text, language)
        if each.confidence >= _SURELY_MISSPELT[language]
    }
