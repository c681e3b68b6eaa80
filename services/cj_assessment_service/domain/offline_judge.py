"""A judge that needs no network: a demonstration, not for grading.

It sees only the surface of a text: length, vocabulary, connectives, punctuation, slips. The
weights are set by hand; every feature is a robust z-score within the batch. What can be gamed is
taken out or punished: repeated passages do not count, words in an order that no grammar allows and
a density of rare words that no pupil writes cost more than they can win.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
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
_CHEAP = {"mtld", "word_length", "rare_share", "connectives", "comma_rate", "punctuation"}
_HONEST = {
    "disorder": (0.06, 60.0),
    "copied": (0.1, 4.0),
    "comma_rate": (0.15, 30.0),
    "unknown_rate": (0.1, 15.0),
}
_SHOWY_FROM, _SHOWY_PRICE = 2.0, 0.3
_LONGEST_RUN = 7
_LIST_COMMAS = 0.3
_COMMON = 5.5
_BENEFIT_OF_DOUBT = 3  # innocent neighbours granted to a short text
_COMPOUND, _SHORTEST_PART = 3.0, 3


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
    connectives=0.2,
    comma_rate=0.1,
    punctuation=0.2,
    subordinators=0.1,
    unknown_rate=-0.4,
    capital_errors=-0.3,
    repeats=-0.2,
    missing_apostrophes=-0.2,
    disorder=0.0,
    copied=0.0,
)

_NAMES = [field.name for field in fields(Features)]
# What is cheap to add counts up to a point only.
_LIMITS = np.array([1.0 if name in _CHEAP else _Z_LIMIT for name in _NAMES])
_HONEST_AT_MOST = np.array([_HONEST.get(name, (np.inf, 0.0))[0] for name in _NAMES])
_PRICE = np.array([_HONEST.get(name, (np.inf, 0.0))[1] for name in _NAMES])


def features(text: str, language: Language) -> Features:
    """Measure a text; an empty one is all zeros."""
    lexicon = LEXICA[language]
    spoken = [word.replace("\u2019", "'") for word in _WORD.findall(text)]
    words = [word.lower() for word in spoken]
    if not words:
        return Features(*[0.0] * len(fields(Features)))
    zipf = [_zipf(word, language) for word in words]
    named = [not word.islower() for word in spoken]  # names, and sentence starts: left alone
    fresh = _fresh(words)
    sentences = [part for part in _SENTENCE_END.split(text) if part and part.strip()]
    fluent = _fluent(zipf, sentences)
    counted = [
        word
        for word, new, flows, value, name in zip(words, fresh, fluent, zipf, named, strict=True)
        if new and flows and (value > 0 or (name and word[0] != "@"))
    ] or [""]
    count, types = len(counted), len(set(counted))
    plain = [value for value, name in zip(zipf, named, strict=True) if not name]
    known = [value for value in plain if value > 0]
    total = len(words)
    marks = Counter(mark for mark in text if mark in _MARKS)
    return Features(
        log_words=float(np.log(count)),
        log_types=float(np.log(types)),
        guiraud=types / np.sqrt(count),
        mtld=float(np.log(max(_mtld(counted), 1.0))),
        word_length=sum(map(len, counted)) / count,
        rare_share=sum(value < _RARE for value in known) / max(len(known), 1),
        connectives=_connectives(sentences, lexicon) / np.sqrt(count),
        comma_rate=marks[","] / total,
        punctuation=float(sum(amount > 1 for amount in marks.values())),
        subordinators=sum(word in lexicon.subordinators for word in words) / total,
        unknown_rate=sum(value == 0 for value in plain) / max(len(plain), 1),
        capital_errors=_capital_errors(sentences, spoken, lexicon) / total,
        repeats=sum(one == other for one, other in pairwise(words)) / total,
        missing_apostrophes=sum(word in lexicon.apostrophes for word in words) / total,
        disorder=_disorder(words, lexicon),
        copied=1 - sum(fresh) / total,
    )


def quality(batch: Sequence[Features]) -> Floats:
    """Quality of each text relative to the batch, mean 0 and standard deviation 1 (0 if alike)."""
    if not batch:
        return np.zeros(0)
    table = np.array([astuple(item) for item in batch], dtype=np.float64)
    z = _robust_z(table)
    total = np.clip(z, -_Z_LIMIT, _LIMITS) @ np.array(astuple(WEIGHTS)) - _penalty(batch, z)
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
    """(x - median) / (1.48 MAD); where over half are nearly equal, the standard deviation."""
    centred = table - np.median(table, axis=0)
    mad = 1.4826 * np.median(np.abs(centred), axis=0)
    deviation = table.std(axis=0)
    scale = np.where(mad > 0.2 * deviation, mad, deviation)
    return np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 1e-9)  # noqa: PLR2004


def _penalty(batch: Sequence[Features], z: Floats) -> Floats:
    """Price what no honest text shows, in units of the weights."""
    table = np.array([astuple(item) for item in batch], dtype=np.float64)
    over = np.maximum(table - _HONEST_AT_MOST, 0.0) @ _PRICE
    showy = [_NAMES.index("rare_share"), _NAMES.index("unknown_rate")]
    cost: Floats = over + _SHOWY_PRICE * np.maximum(z[:, showy] - _SHOWY_FROM, 0.0).sum(axis=1)
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


def _fluent(zipf: list[float], sentences: list[str]) -> list[bool]:
    """Mark with False the words of a list: many commas, or no common word for a long time."""
    fluent: list[bool] = []
    for sentence in sentences:
        words = len(_WORD.findall(sentence))
        fluent += [sentence.count(",") <= max(_LIST_COMMAS * words, 2)] * words
    start = 0
    for end in range(len(zipf) + 1):
        if end == len(zipf) or zipf[end] >= _COMMON:
            if end - start > _LONGEST_RUN:
                fluent[start:end] = [False] * (end - start)
            start = end + 1
    return fluent


def _connectives(sentences: list[str], lexicon: Lexicon) -> int:
    """Different connectives, at most one a sentence."""
    found: set[str] = set()
    for sentence in sentences:
        joined = f" {' '.join(_WORD.findall(sentence.lower()))} "
        new = (c for c in lexicon.connectives if f" {c} " in joined and c not in found)
        found.update(list(new)[:1])
    return len(found)


@lru_cache(maxsize=2)
def _frequencies(language: Language) -> dict[str, float]:
    from wordfreq import get_frequency_dict  # noqa: PLC0415 megabytes that idling does not need

    return get_frequency_dict(language, "small")


def _zipf(word: str, language: Language) -> float:
    """log10 of the frequency per billion words, 0 for an unknown word."""
    frequencies = _frequencies(language)
    frequency = frequencies.get(word, 0.0)
    if frequency:
        return float(np.log10(frequency * 1e9))
    return _COMPOUND if language == "sv" and _is_compound(word, frequencies) else 0.0


def _is_compound(word: str, frequencies: Mapping[str, float]) -> bool:
    """Swedish writes compounds in one word, some with an s between."""
    return any(
        word[cut:] in frequencies
        and (word[:cut] in frequencies or (word[cut - 1] == "s" and word[: cut - 1] in frequencies))
        for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    )


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
    clause = lexicon.conjunctions | lexicon.subjects | lexicon.auxiliaries
    after_determiner = clause | lexicon.determiners | lexicon.prepositions
    barred = dict.fromkeys(lexicon.loose_prepositions, lexicon.auxiliaries)
    barred |= dict.fromkeys(lexicon.prepositions, clause)
    barred |= dict.fromkeys(lexicon.determiners, after_determiner - lexicon.exceptions)
    found = [other in barred[one] for one, other in pairwise(words) if one in barred]
    return sum(found) / (len(found) + _BENEFIT_OF_DOUBT)
