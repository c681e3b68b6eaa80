"""Rare words in place of usual ones: `flika` for `flicka`, `very mush` for `very much`.

A rare word a slip away from a usual one is often the slip: how often depends on how frequent both
are, on what stands around them, and on how much else the writer has misspelt.
"""

import math
from collections.abc import Iterable

from .candidates import FREQUENCY, Candidate
from .decision import confidence
from .index_files import Flag
from .lexicon import LN10, Lexicon
from .phonetics import Language
from .ranking import fit
from .reading import Reading
from .tokens import Token
from .variants import same_word

_RARE = 4.4
"""Zipf frequency below which a word is rare."""
_NEAR = 0.75
_ENDING: dict[Language, str] = {"en": "s", "sv": "a"}
"""What tells two forms apart that are both right: `flood` and `floods`, `höj` and `höja`."""
_STANDS = 4.0
"""Nats by which a word of the dictionary is likelier right than wrong, beside its frequency."""
_REPEATED, _OFTEN = 0.4, 3
_USUAL_RATE = 1 / 200
"""Misspellings per word of a writer of whom nothing is known."""


def is_rare(token: Token, read: Reading) -> bool:
    """Whether it is a word of the dictionary that may stand in place of a usual one."""
    entry = read.lexicon.entry(token.lower)
    is_name = token.capitalised and (not token.opens_sentence or entry.flags & Flag.CAPITALISED)
    return (
        entry.zipf < _RARE
        and bool(entry.flags & Flag.VALID)
        and not (is_name or token.skipped or "'" in token.lower)
    )


def usual_instead(
    candidates: dict[str, list[Candidate]], rare: Iterable[str], known: Lexicon
) -> dict[str, list[tuple[float, str]]]:
    """The usual words that each rare one may stand for, with their scores."""
    ending = _ENDING[known.language]
    found: dict[str, list[tuple[float, str]]] = {}
    for word in rare:
        for each in candidates.get(word, ()):
            usual = known.shown(each.number) if each.distance <= _NEAR else ""
            if (
                usual.islower()
                and usual.removesuffix(ending) != word.removesuffix(ending)
                and not same_word(usual, word, known.language)
            ):
                found.setdefault(word, []).append((each.score, usual))
    return found


def meant_instead(place: int, read: Reading) -> tuple[list[str], float] | None:
    """What the rare word at `place` may stand for, and the probability that it is the first.

    `None` if there is nothing that it may stand for.
    """
    token, known = read.tokens[place], read.lexicon
    word = token.lower
    if word not in read.instead or not is_rare(token, read):
        return None
    fitting = fit(place, read)
    meant = [(score + fitting(usual), usual) for score, usual in read.instead[word]]
    meant.sort(reverse=True)
    repeated = min(_OFTEN, read.counts[word] - 1)
    standing = known.entry(word).zipf * LN10 * FREQUENCY[known.language] + fitting(word)
    standing += _STANDS + _REPEATED * repeated - _carelessness(read)
    best, *others = (score for score, _ in meant)
    likelier = [shown for score, shown in meant if score >= min(best, standing)]
    return likelier, confidence(best, [standing, *others], len(word), known.language)


def _carelessness(read: Reading) -> float:
    """How much likelier the writer errs than others, in nats, to judge by the unknown words."""
    return math.log((1 + read.misspelt) / (1 + len(read.tokens) * _USUAL_RATE))
