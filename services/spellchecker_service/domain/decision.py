"""Whether a word is wrong, and whether to say so or to repair it: probabilities, and thresholds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from .lexicon import LN10
from .phonetics import Language

APPLY: dict[Language, float] = {"en": 0.4, "sv": 0.44}
"""From this probability on a text is changed without asking.

Below one half: what is doubtful is mostly which word is meant, not that another one is.
"""
MARK = 0.2
MARK_NAME = 0.4
"""Of a word with a capital, which is likelier a name."""
STANDS = 0.4
"""Below this probability that it is right as it stands a word without a capital is marked too,
even where nobody can say what is meant."""
FAR_FETCHED = 0.03
"""Up to this probability there is nothing to suggest."""
MARK_KNOWN = 0.3
"""Of words that are in the dictionary and not rare."""
APPLY_REAL_WORD = 0.9
APPLY_JOIN = 0.7
TRUST: dict[Language, float] = {"en": 0.8, "sv": 0.8}
"""What a nat of a score is worth as a probability."""
UNHEARD: dict[Language, float] = {"en": -2.5, "sv": -1.5}
UNHEARD_NAME: dict[Language, float] = {"en": -0.8, "sv": -1.5}
NAME_WITH_S: dict[Language, float] = {"en": 2.0, "sv": 0.0}
MISSPELT = 0.7
"""So much rarer than a word is one misspelling of it in the frequency list, log10, and than a pair
of words the pair without its space."""
MISSPELT_FURTHER = 2.5
"""So much rarer still for each unit of its distance."""
LONG: dict[Language, float] = {"en": 0.9, "sv": 0.35}
SEEN = 0.85
SEEN_UNCAPITALISED: dict[Language, float] = {"en": 0.85, "sv": 0.75}
"""The frequency list has names in lower case too, and what is misspelt often."""
SEEN_BEFORE: dict[Language, float] = {"en": 0.5, "sv": 1.0}
SEEN_IN_COMPOUNDS = 2.0
SOMETHING_ELSE = -0.5
SHORT = 5
NAME = 6.5
OPENING: dict[Language, float] = {"en": 3.0, "sv": 4.0}
COMPOUND = 0.9
DERIVED = 3.0
ABBREVIATION = 2.5
HYPHENATED = 2.5
QUOTED = 1.0
PAIRED = 2.0
INTRODUCED = 5.0


class Evidence(NamedTuple):
    """What speaks for a word as it stands, besides its letters."""

    zipf: float
    capitalised: bool
    opens_sentence: bool
    repeated: int
    compound: float
    hyphenated: bool
    quoted: bool
    length: int
    only_in_compounds: bool
    abbreviation: bool
    derived: bool
    paired: bool
    prefixed: bool
    possessive: bool
    introduced: bool
    misspelt: float
    """Zipf frequency that the word would have as nothing but a misspelling; 0 if not known."""


def genuine(evidence: Evidence, language: Language) -> float:
    """The score of the word as it stands, in the nats of the candidates' scores."""
    named = _as_name(evidence, language)
    formed = COMPOUND * evidence.compound + DERIVED * evidence.derived
    # What opens a sentence has its capital for that, or is a name: a capital further on says more.
    either = max(named, formed) if evidence.opens_sentence else named + formed
    value = _heard(evidence, language) + either
    if evidence.repeated > 1:
        value += min(3.0, evidence.repeated - 1) * (1.6 if evidence.capitalised else 0.4)
    return (
        value
        + PAIRED * evidence.paired
        + ABBREVIATION * evidence.abbreviation
        + HYPHENATED * evidence.hyphenated
        + QUOTED * evidence.quoted
        + INTRODUCED * evidence.introduced
    )


def _heard(evidence: Evidence, language: Language) -> float:
    if not evidence.zipf:
        unheard = UNHEARD_NAME if evidence.capitalised else UNHEARD
        long = 0 if evidence.prefixed else max(0, evidence.length - 6)
        return unheard[language] - LONG[language] * long
    seen = SEEN if evidence.capitalised else SEEN_UNCAPITALISED[language]
    value = evidence.zipf * LN10 * seen - SEEN_BEFORE[language]
    # People misspell in what the list was counted in too: `strenght` is in it.
    if evidence.misspelt and (evidence.opens_sentence or not evidence.capitalised):
        value -= math.log1p(10 ** min(3.0, evidence.misspelt - evidence.zipf))
    return value - SEEN_IN_COMPOUNDS * evidence.only_in_compounds


def _as_name(evidence: Evidence, language: Language) -> float:
    if not evidence.capitalised:
        return 0.0
    owner = NAME_WITH_S[language] * evidence.possessive
    if not evidence.opens_sentence:
        return NAME + owner
    return owner + max(0.5, OPENING[language] - 0.4 * max(0, evidence.length - SHORT))


def confidence(best: float, others: Sequence[float], length: int, language: Language) -> float:
    """The probability that what has the score `best` is right: a suggestion, or the word itself.

    `others` are the scores of all that it might be instead. Something else may be meant too,
    which is rarely so of a long word.
    """
    something_else = SOMETHING_ELSE - max(0, length - 6)
    trust = TRUST[language]
    total = sum(math.exp(min(50.0, trust * (each - best))) for each in (*others, something_else))
    return 1 / (1 + total)
