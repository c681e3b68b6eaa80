"""A judge that needs no network: a demonstration, not for grading.

It sees only the surface of a text: length, vocabulary, connectives, punctuation, slips. The
weights are set by hand; every feature is a robust z-score within the batch. What can be gamed is
taken out or punished: repeated passages do not count, words in an order that no grammar allows and
a density of rare words that no pupil writes cost more than they can win.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np

from services.cj_assessment_service.domain.lexicon import LEXICA, Lexicon
from services.cj_assessment_service.domain.verdicts import Floats, Winner

Language = Literal["en", "sv"]
NAME = "offline"
_WORD = re.compile(r"@\w+|[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?]+[\"'\u201d\u2019)]*\s+|\n\s*\n")
_MARKS = ",;:!?\"'()-\u201c\u201d\u2019\u2013\u2014\u2026"
_SHINGLE = 6
_RARE = 4.0
_CLEAR_MARGIN = 0.75
_TIE_MARGIN = 1e-9
_Z_LIMIT = 3.0


@dataclass(frozen=True, slots=True)
class Features:
    """One text, measured once; rates are per word unless they say otherwise."""

    log_words: float
    log_types: float
    guiraud: float
    mtld: float
    word_length: float
    rare_share: float
    connectives: float
    comma_rate: float
    punctuation: float
    subordinators: float
    unknown_rate: float
    capital_errors: float
    repeats: float
    missing_apostrophes: float
    disorder: float
    copied: float


WEIGHTS = Features(
    log_words=1.0,
    log_types=0.5,
    guiraud=0.5,
    mtld=0.3,
    word_length=0.3,
    rare_share=0.3,
    connectives=0.3,
    comma_rate=0.2,
    punctuation=0.2,
    subordinators=0.1,
    unknown_rate=-0.4,
    capital_errors=-0.3,
    repeats=-0.2,
    missing_apostrophes=-0.2,
    disorder=0.0,
    copied=0.0,
)


def features(text: str, language: Language) -> Features:
    """Measure a text; an empty one is all zeros."""
    lexicon = LEXICA[language]
    spoken = _WORD.findall(text)
    every = [word.lower().replace("\u2019", "'") for word in spoken]
    fresh = _fresh(every)
    words = [word for word, new in zip(every, fresh, strict=True) if new and word[0] != "@"]
    if not words:
        return Features(*[0.0] * len(fields(Features)))
    count, counts = len(words), Counter(words)
    own = [word for word in _common_case(spoken) if word not in lexicon.apostrophes]
    zipf = [_zipf(word, language) for word in own] or [0.0]
    known = [value for value in zipf if value > 0]
    marks = Counter(mark for mark in text if mark in _MARKS)
    joined = f" {' '.join(words)} "
    sentences = [part for part in _SENTENCE_END.split(text) if part and part.strip()]
    return Features(
        log_words=float(np.log(count)),
        log_types=float(np.log(len(counts))),
        guiraud=len(counts) / np.sqrt(count),
        mtld=float(np.log(max(_mtld(words), 1.0))),
        word_length=sum(map(len, words)) / count,
        rare_share=sum(value < _RARE for value in known) / max(len(known), 1),
        connectives=sum(f" {phrase} " in joined for phrase in lexicon.connectives) / np.sqrt(count),
        comma_rate=min(marks[","] / len(every), 0.1),
        punctuation=float(sum(amount > 1 for amount in marks.values())),
        subordinators=sum(word in lexicon.subordinators for word in words) / count,
        unknown_rate=sum(value == 0 for value in zipf) / len(zipf),
        capital_errors=_capital_errors(sentences, spoken, lexicon) / count,
        repeats=sum(one == other for one, other in pairwise(every)) / count,
        missing_apostrophes=sum(word in lexicon.apostrophes for word in words) / count,
        disorder=_disorder(every, lexicon),
        copied=1 - sum(fresh) / len(fresh),
    )


def quality(batch: Sequence[Features]) -> Floats:
    """Quality of each text relative to the batch, mean 0 and standard deviation 1 (0 if alike)."""
    if not batch:
        return np.zeros(0)
    table = np.array([astuple(item) for item in batch], dtype=np.float64)
    total = _robust_z(table) @ np.array(astuple(WEIGHTS)) - _penalty(batch)
    total -= total.mean()
    spread = float(total.std())
    scaled: Floats = total / spread if spread > 1e-9 else np.zeros(len(batch))  # noqa: PLR2004
    return scaled


def judge(first: float, second: float) -> tuple[Winner, int | None]:
    """Winner and degree (1 slightly, 2 clearly) from two qualities of one batch."""
    margin = abs(first - second)
    if margin < _TIE_MARGIN:
        return "tie", None
    return "first" if first > second else "second", 2 if margin > _CLEAR_MARGIN else 1


def _robust_z(table: Floats) -> Floats:
    """(x - median) / (1.48 MAD), within +-3; where over half are equal, the standard deviation."""
    centred = table - np.median(table, axis=0)
    mad = 1.4826 * np.median(np.abs(centred), axis=0)
    deviation = table.std(axis=0)
    scale = np.where(mad > 0.2 * deviation, mad, deviation)
    z = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 1e-9)  # noqa: PLR2004
    clipped: Floats = np.clip(z, -_Z_LIMIT, _Z_LIMIT)
    return clipped


def _penalty(batch: Sequence[Features]) -> Floats:
    """Price what no honest text shows, in units of the weights."""
    disorder = np.array([item.disorder for item in batch])
    copied = np.array([item.copied for item in batch])
    cost: Floats = 40 * np.maximum(disorder - 0.08, 0) + 4 * np.maximum(copied - 0.1, 0)
    return cost


def _fresh(words: list[str]) -> list[bool]:
    """Mark with False the words of a passage of six or more that stood in the text before."""
    seen: set[tuple[str, ...]] = set()
    fresh = [True] * len(words)
    for start in range(len(words) - _SHINGLE + 1):
        shingle = tuple(words[start : start + _SHINGLE])
        if shingle in seen:
            fresh[start : start + _SHINGLE] = [False] * _SHINGLE
        seen.add(shingle)
    return fresh


def _common_case(spoken: list[str]) -> list[str]:
    """Words that are not names: lower case, or capitalised only at the start of the text."""
    return [word.replace("\u2019", "'") for word in spoken if word.islower()]


@lru_cache(maxsize=2)
def _frequencies(language: Language) -> dict[str, float]:
    from wordfreq import get_frequency_dict  # noqa: PLC0415 megabytes that idling does not need

    return get_frequency_dict(language, "small")


def _zipf(word: str, language: Language) -> float:
    """log10 of the frequency per billion words, 0 for an unknown word."""
    frequency = _frequencies(language).get(word, 0.0)
    return float(np.log10(frequency * 1e9)) if frequency else 0.0


def _mtld(words: list[str], threshold: float = 0.72) -> float:
    """Measure of textual lexical diversity (McCarthy & Jarvis 2010), mean of both directions."""

    def one_way(sequence: list[str]) -> float:
        factors, types, count = 0.0, set[str](), 0
        for word in sequence:
            types.add(word)
            count += 1
            if len(types) / count < threshold:
                factors, types, count = factors + 1, set(), 0
        if count:
            factors += (1 - len(types) / count) / (1 - threshold)
        return len(sequence) / factors if factors else float(len(sequence))

    return (one_way(words) + one_way(words[::-1])) / 2


def _capital_errors(sentences: list[str], spoken: list[str], lexicon: Lexicon) -> int:
    small = sum(
        sentence.lstrip("\"'\u201c\u201d\u2019( \n")[:1].islower() for sentence in sentences
    )
    return small + sum(word == lexicon.lone_capital for word in spoken)


def _disorder(words: list[str], lexicon: Lexicon) -> float:
    """Share of neighbours that no grammar allows, among those that begin with a function word."""
    openers = lexicon.determiners | lexicon.prepositions
    after_determiner = (
        lexicon.determiners
        | lexicon.prepositions
        | lexicon.conjunctions
        | lexicon.subjects
        | lexicon.auxiliaries
    )
    after_preposition = lexicon.conjunctions | lexicon.subjects | lexicon.auxiliaries
    found = wrong = 0
    for one, other in pairwise(words):
        if one in openers:
            found += 1
            barred = after_determiner if one in lexicon.determiners else after_preposition
            wrong += other in barred
    return wrong / found if found else 0.0
