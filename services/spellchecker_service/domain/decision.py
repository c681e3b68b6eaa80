"""Whether a word is wrong, and whether to say so or to repair it: probabilities, and thresholds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from .candidates import FREQUENCY
from .lexicon import LN10
from .phonetics import Language

APPLY: dict[Language, float] = {"en": 0.5, "sv": 0.5}
"""From this probability on a text is changed without asking."""
MARK = 0.3
APPLY_REAL_WORD = 0.9
APPLY_JOIN = 0.7
UNHEARD = -1.5
LONG = 0.35
SEEN = 0.5
SEEN_IN_COMPOUNDS = 3.0
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


def genuine(evidence: Evidence) -> float:
    """The score of the word as it stands, in the nats of the candidates' scores."""
    value = UNHEARD - LONG * max(0, evidence.length - 6)
    if evidence.zipf:
        seen = SEEN_IN_COMPOUNDS if evidence.only_in_compounds else SEEN
        value = max(value, evidence.zipf * LN10 * FREQUENCY - seen)
    if evidence.capitalised and evidence.opens_sentence:
        value += 2.0 if evidence.length <= SHORT else 1.0
    elif evidence.capitalised:
        value += 7.0
    if evidence.abbreviation:
        value += 3.0
    if evidence.repeated > 1:
        value += min(3.0, 1.0 * (evidence.repeated - 1)) * (2.0 if evidence.capitalised else 0.5)
    value += evidence.compound
    if evidence.hyphenated:
        value += 2.0
    if evidence.quoted:
        value += 1.0
    return value


def confidence(scores: Sequence[float], as_it_stands: float) -> float:
    """The probability that the word is wrong and the first of `scores` (best first) is right."""
    if not scores:
        return 0.0
    best = scores[0]
    among = 1 / sum(math.exp(0.7 * (score - best)) for score in scores)
    wrong = 1 / (1 + math.exp(-0.9 * (best - as_it_stands - 0.3)))
    return among * wrong
