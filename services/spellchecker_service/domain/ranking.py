"""Which candidate is meant: its distance and frequency, and the words beside it."""

from collections.abc import Callable

from .hashing import word_key
from .lexicon import LN10, Entry, Lexicon
from .reading import Neighbours, Reading
from .swedish_grammar import agreement

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
_RAREST_PAIR = -15.0
"""Natural log of the share of the rarest Swedish pairs: an absent pair is rarer."""
_STRONGEST, _WEAKEST = 5.0, -3.0
_PAIR = 0.65
_CLASS = 0.5
_GRAMMAR = 0.7


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

    def in_swedish(word: str) -> float:
        entry = known.entry(word)
        agreeing = agreement(
            neighbours.word_before, tags_before, entry.flags, neighbours.word_behind, tags_behind
        )
        fitting = _PAIR * _company(entry, neighbours, known) + _GRAMMAR * agreeing
        return fitting - reluctance(word)

    return in_swedish


def is_paired(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> bool:
    """Whether the word is one of a common pair with a word beside it."""
    before, behind = neighbours.before, neighbours.behind
    return (before is not None and lexicon.pair_log(before, entry) is not None) or (
        behind is not None and lexicon.pair_log(entry, behind) is not None
    )


def _company(entry: Entry, neighbours: Neighbours, lexicon: Lexicon) -> float:
    """How much likelier than by chance a Swedish word stands beside its neighbours, in nats.

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
    by_chance = (first.zipf + second.zipf) * LN10 + 2 * _PER_WORD
    found = lexicon.pair_log(first, second)
    if found is not None:
        return max(_WEAKEST, min(_STRONGEST, found - by_chance))
    return max(_WEAKEST, min(0.0, _RAREST_PAIR - by_chance)) + _CLASS * by_class(first, second)
