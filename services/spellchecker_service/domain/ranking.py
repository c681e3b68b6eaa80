"""Which candidate is meant: its distance and frequency, and the words beside it."""

import math
from collections.abc import Callable
from typing import NamedTuple

from . import contractions
from .english_edges import likelier
from .lexicon import LN10, Entry, Lexicon
from .phonetics import Language
from .swedish_grammar import agreement

_PER_WORD = -9 * LN10
RAREST_PAIR: dict[Language, float] = {"en": -11.9, "sv": -15.0}
"""Natural log of the share of the rarest pairs in the table: an absent pair is rarer."""
_STRONGEST: dict[Language, float] = {"en": 8.0, "sv": 5.0}
_WEAKEST: dict[Language, float] = {"en": -3.0, "sv": -3.0}
_WEIGHT: dict[Language, float] = {"en": 0.7, "sv": 0.65}
_CONTRACTION = 0.5
_CONTRACTED = 0.5
_EDGE = 0.8
_COARSE_WORDS = """
ass asshole bastard bitch bullshit cock cocks cunt dick dicks fuck fucked fucker fuckin fucking
fucks nigger piss porn porno pussy shit shitty slut tit tits whore
"""
_COARSE = frozenset(_COARSE_WORDS.split())
"""Words that are the last to be suggested to a pupil who has written something else."""
_RELUCTANCE = 4.0
_CLASS: dict[Language, float] = {"en": 0.6, "sv": 0.5}
_UNGRAMMATICAL: dict[Language, float] = {"en": 0.1, "sv": 0.0}
"""The share of places where any word may stand."""
_GRAMMAR = 0.7


class Neighbours(NamedTuple):
    """The known words before and behind a place, where nothing but space is between."""

    before: Entry | None
    behind: Entry | None
    word_before: str
    word_behind: str
    first: bool
    """Whether the place opens the text or is behind a comma, a full stop or the like."""
    last: bool


def fit(word: str, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How well a word stands where its neighbours are, in nats."""
    if lexicon.language == "sv":
        entry = lexicon.entry(word)
        tags_before = neighbours.before.flags if neighbours.before else 0
        agreeing = agreement(
            neighbours.word_before, tags_before, entry.flags, neighbours.word_behind
        )
        return _WEIGHT["sv"] * company(entry, neighbours, lexicon) + _GRAMMAR * agreeing
    value = _EDGE * likelier(word, first=neighbours.first, last=neighbours.last)
    if word in _COARSE:
        value -= _RELUCTANCE
    if "'" in word:
        return value + _CONTRACTION + _CONTRACTED * _contraction_company(word, neighbours, lexicon)
    return value + _WEIGHT["en"] * company(lexicon.entry(word), neighbours, lexicon)


def _contraction_company(word: str, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """Its first word behind the one neighbour, its last word before the other."""
    first, last = contractions.first_part(word), contractions.last_part(word)
    value = 0.0
    if first and neighbours.before is not None:
        value += _pair(neighbours.before, lexicon.entry(first), lexicon, lexicon.class_behind)
    if last and neighbours.behind is not None:
        value += _pair(lexicon.entry(last), neighbours.behind, lexicon, lexicon.class_before)
    return value


def is_paired(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> bool:
    """Whether the word is one of a common pair with a word beside it."""
    before, behind = neighbours.before, neighbours.behind
    return (before is not None and lexicon.pair_log(before, entry) is not None) or (
        behind is not None and lexicon.pair_log(entry, behind) is not None
    )


def company(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How much likelier than by chance the word stands beside its neighbours, in nats.

    A table of pairs tells; of a pair that is not in it, the class of the word does.
    """
    value = 0.0
    before, behind = neighbours.before, neighbours.behind
    if before is not None:
        value += _pair(before, entry, lexicon, lexicon.class_behind)
    if behind is not None:
        value += _pair(entry, behind, lexicon, lexicon.class_before)
    return value


def _pair(
    first: Entry, second: Entry, lexicon: Lexicon, by_class: Callable[[Entry, Entry], float]
) -> float:
    if not first.zipf or not second.zipf:
        return 0.0
    language = lexicon.language
    by_chance = (first.zipf + second.zipf) * LN10 + 2 * _PER_WORD
    found = lexicon.pair_log(first, second)
    if found is not None:
        likelier_by = min(_STRONGEST[language], found - by_chance)
        return max(_WEAKEST[language], _with_slips(likelier_by, language))
    value = min(0.0, RAREST_PAIR[language] - by_chance)
    of_class = _CLASS[language] * _with_slips(by_class(first, second), language)
    if language == "sv":
        return max(_WEAKEST[language], value) + of_class
    return max(_WEAKEST[language], value + of_class)


def _with_slips(likelier_by: float, language: Language) -> float:
    """The same in a text whose writer does not always follow the grammar."""
    slips = _UNGRAMMATICAL[language]
    return math.log((1 - slips) * math.exp(likelier_by) + slips) if slips else likelier_by
