"""Which candidate is meant: its distance and frequency, and the words beside it."""

import math
from collections.abc import Callable

from .hashing import word_key
from .lexicon import LN10, Entry, Lexicon
from .reading import Neighbours, Reading
from .swedish_grammar import agreement
from .word_sequences import Side, class_key

_PER_WORD = -9 * LN10
_MODEL = 0.95
"""How much the language model counts beside a candidate's frequency and distance."""
_NOT_IN_MODEL = -2.0
"""Nats by which the context speaks against a word that the language model does not have."""
_COARSE_IN_ENGLISH = """
ass asshole bastard bitch bullshit cock cocks cunt dick dicks fuck fucked fucker fuckin fucking
fucks nigger piss porn porno pussy shit shitty slut tit tits whore
"""
_COARSE_IN_SWEDISH = """
fitta fittan fittor fittorna hora horan horor hororna knull knulla knullad knullade knullar knullat
kuk kukar kukarna kuken kåt kåta kåtare neger negern negrer pitt pitten runka runkade runkar runkat
slampa slampan slampor slyna slynan slynor
"""
_COARSE = {
    "en": frozenset(_COARSE_IN_ENGLISH.split()),
    "sv": frozenset(_COARSE_IN_SWEDISH.split()),
}
"""Words that are the last to be suggested to a pupil who has written something else."""
_RELUCTANCE = 4.0
_STRONGEST, _WEAKEST = 5.0, -3.0
_LIST = 0.8
"""How much the list of pairs is believed."""
_CONTEXT = 0.8
_GRAMMAR = 0.5


def fit(place: int, read: Reading) -> Callable[[str], float]:
    """A function that tells how well a word, or two, would stand at `place`, in nats."""
    known = read.lexicon
    coarse, written = _COARSE[known.language], read.tokens[place].lower

    def reluctance(words: str) -> float:
        return _RELUCTANCE if words in coarse and words != written else 0.0

    if known.language == "en":
        context, model = read.context(place), known.model
        behind_by_chance = model.log_behind((), context.behind)

        def in_english(words: str) -> float:
            keys = [word_key(word) for word in words.split()]
            value = _NOT_IN_MODEL
            if all(map(model.knows, keys)):
                by_chance = model.log_behind((), keys) + behind_by_chance
                value = model.log_within(context, keys) - by_chance
            return _MODEL * value - reluctance(words)

        return in_english

    neighbours = read.neighbours(place)
    tags_before = neighbours.before.flags if neighbours.before else 0
    tags_behind = neighbours.behind.flags if neighbours.behind else 0
    behind_these = _lift(read.around(place, -1), known, before=True)
    before_these = _lift(read.around(place, 1), known, before=False)

    def in_swedish(words: str) -> float:
        parts = [known.entry(word) for word in words.split()]
        beside = behind_these(parts[0]) + before_these(parts[-1])
        agreeing = 0.0
        if len(parts) == 1:
            form = parts[0].flags
            agreeing = agreement(
                neighbours.word_before, tags_before, form, neighbours.word_behind, tags_behind
            )
        return _CONTEXT * beside + _GRAMMAR * agreeing - reluctance(words)

    return in_swedish


def is_paired(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> bool:
    """Whether the word is one of a common pair with a word beside it."""
    before, behind = neighbours.before, neighbours.behind
    return (before is not None and lexicon.pair_log(before, entry) is not None) or (
        behind is not None and lexicon.pair_log(entry, behind) is not None
    )


def _lift(words: list[str], known: Lexicon, *, before: bool) -> Callable[[Entry], float]:
    """How much likelier than by chance a Swedish word stands beside these, in nats.

    They are on one side of it, the nearest first.
    """
    if not words:
        return lambda _: 0.0
    near, *others = (known.entry(word) for word in words)
    far = others[0].key if others else None
    side = Side(known.sequences, near.key, far, _share(near), before=before)

    def lift(word: Entry) -> float:
        listed = _listed(near, word, known) if before else _listed(word, near, known)
        share = known.sequences.share(word.key, _share(word))
        return side.lift(word.key, class_key(word.flags), share, listed)

    return lift


def _share(entry: Entry) -> float:
    return math.exp(entry.zipf * LN10 + _PER_WORD) if entry.zipf else 0.0


def _listed(first: Entry, second: Entry, known: Lexicon) -> float | None:
    """How much likelier than by chance a pair on the list of pairs is, in nats."""
    found = known.pair_log(first, second)
    if found is None:
        return None
    by_chance = (first.zipf + second.zipf) * LN10 + 2 * _PER_WORD
    return _LIST * max(_WEAKEST, min(_STRONGEST, found - by_chance))
