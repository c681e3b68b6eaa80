"""Whether a word is wrong, and whether to say so or to repair it: probabilities, and thresholds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from .lexicon import LN10
from .phonetics import Language

APPLY: dict[Language, float] = {"en": 0.42, "sv": 0.44}
"""From this probability on a text is changed without asking.

Below one half: what is doubtful is mostly which word is meant, not that another one is.
"""
MARK = 0.2
MARK_NAME = 0.4
"""Of a word with a capital, which is likelier a name."""
MARK_KNOWN = 0.3
"""Of words that are in the dictionary."""
APPLY_REAL_WORD = 0.9
APPLY_JOIN = 0.7
TRUST = 0.65
"""What a nat of a score is worth as a probability."""
UNHEARD = -0.8
LONG: dict[Language, float] = {"en": 0.8, "sv": 0.35}
SEEN = 0.85
SEEN_BEFORE: dict[Language, float] = {"en": 0.5, "sv": 1.0}
SEEN_IN_COMPOUNDS = 2.0
SOMETHING_ELSE = -0.5
SHORT = 5


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


def genuine(evidence: Evidence, language: Language) -> float:
    """The score of the word as it stands, in the nats of the candidates' scores."""
    if evidence.zipf:
        value = evidence.zipf * LN10 * SEEN - SEEN_BEFORE[language]
        if evidence.only_in_compounds:
            value -= SEEN_IN_COMPOUNDS
    else:
        value = UNHEARD - LONG[language] * max(0, evidence.length - 6)
    if evidence.capitalised and evidence.opens_sentence:
        value += max(0.5, 3.0 - 0.4 * max(0, evidence.length - SHORT))
    elif evidence.capitalised:
        value += 6.5
    if evidence.abbreviation:
        value += 2.5
    if evidence.repeated > 1:
        value += min(3.0, evidence.repeated - 1) * (1.6 if evidence.capitalised else 0.4)
    value += 0.7 * evidence.compound
    if evidence.hyphenated:
        value += 2.5
    if evidence.quoted:
        value += 1.0
    return value


def confidence(best: float, others: Sequence[float], length: int) -> float:
    """The probability that the suggestion with the score `best` is right.

    `others` are the scores of the other suggestions and of the word as it stands. Something else
    may be meant too, which is rarely so of a long word.
    """
    something_else = SOMETHING_ELSE - max(0, length - 6)
    total = sum(math.exp(min(50.0, TRUST * (each - best))) for each in (*others, something_else))
    return 1 / (1 + total)
