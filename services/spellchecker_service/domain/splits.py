"""Words written as one: `alot`, `infrontof`, `tillochmed`."""

from collections.abc import Iterator

from .candidates import FREQUENCY, SHARPNESS
from .index_files import Flag
from .lexicon import FUNCTION_WORD, LN10, Lexicon
from .phonetics import Language

_SPACE: dict[Language, float] = {"en": 0.7, "sv": 0.8}
"""What it costs to take words for one, in unlikely slips."""
_SPACE_AFTER_CONTENT = 1.4
"""The same between two content words, which are often rightly one: carwash, bookshop."""
_RAREST_PAIR = -11.9
"""Natural log of the share of a pair of English words that is not known as one, at most."""
_AFTER_SELF = 2.0
"""Nats by which a known word is likelier behind `self`, which English joins by a hyphen."""
_SHORTEST_APART = 3
_COMMON = 4.0
_OF_ONE_LETTER = frozenset({"a", "i"})
_FUNCTION_WORDS = """
alla den det dom eller hela hur igår just någon något några när på rätt så sådan sådana sådant sån
såna sånt till trots vad vare för
"""
_NO_HEADS = frozenset(_FUNCTION_WORDS.split())
"""Words that a compound which no dictionary has rarely begins with."""
_OF_SEVERAL_WORDS = """
än så länge; för det mesta; från och med; i fall att; i och för sig; i och med; i så fall;
i varje fall; med andra ord; på grund av; så att säga; till och från; till och med
"""
_PHRASES = {
    phrase.replace(" ", ""): phrase
    for phrase in _OF_SEVERAL_WORDS.replace("\n", " ").strip().split("; ")
}
"""Swedish phrases that people write as one word, and nobody should.

The word pairs cannot tell: they are a list without counts, and many a word falls apart into three
of which each two are on it (`ärendet`: `är en det`)."""
_SHARE_OF_PHRASE = -12.0


def runs_together(word: str, known: Lexicon) -> bool:
    """Whether Swedish `word` is a pair of words, or a phrase, without spaces: `tillexempel`."""
    return word in _PHRASES or any(
        word[:place] in _NO_HEADS
        and known.pair_log(known.entry(word[:place]), known.entry(word[place:])) is not None
        for place in range(2, len(word) - 1)
    )


def side_by_side(word: str, known: Lexicon) -> Iterator[tuple[tuple[str, ...], float]]:
    """The words that are common side by side and of which `word` lacks the spaces.

    Two or three English ones, two Swedish ones or a phrase, with the natural log of their share.
    """
    for first, second in _in_two(word, known):
        together = known.pair_log(known.entry(first), known.entry(second))
        if together is not None:
            yield (first, second), together
    if known.language == "en":
        yield from _in_three(word, known)
    elif word in _PHRASES:
        yield tuple(_PHRASES[word].split()), _SHARE_OF_PHRASE


def splits(word: str, known: Lexicon) -> list[tuple[str, float]]:
    """The words that `word` may be without their spaces, as they are shown, with their scores."""
    logs = dict(side_by_side(word, known))
    # Any two Swedish words may be a compound; only a common pair is rather two words.
    if known.language == "en":
        for parts in _in_two(word, known):
            first, second = map(known.entry, parts)
            if _takes_hyphen(parts):
                logs[parts] = (second.zipf - 9) * LN10 + _AFTER_SELF
            elif (
                min(map(len, parts)) >= _SHORTEST_APART and min(first.zipf, second.zipf) >= _COMMON
            ):
                by_chance = (first.zipf + second.zipf - 18) * LN10
                logs.setdefault(parts, min(_RAREST_PAIR, by_chance))
    return [
        (
            _shown(parts, known.language),
            (log + 9 * LN10) * FREQUENCY[known.language] - SHARPNESS * _slip(parts, known),
        )
        for parts, log in logs.items()
    ]


def _takes_hyphen(parts: tuple[str, ...]) -> bool:
    return parts[0] == "self" and len(parts[1]) >= _SHORTEST_APART


def _shown(parts: tuple[str, ...], language: Language) -> str:
    if language == "sv":
        return " ".join(parts)
    joint = "-" if _takes_hyphen(parts) else " "
    return joint.join("I" if part == "i" else part for part in parts)


def _slip(parts: tuple[str, ...], known: Lexicon) -> float:
    if _takes_hyphen(parts) or max(known.entry(part).zipf for part in parts) > FUNCTION_WORD:
        return _SPACE[known.language]
    return _SPACE_AFTER_CONTENT


def _in_two(word: str, known: Lexicon) -> Iterator[tuple[str, str]]:
    for place in range(1, len(word)):
        first, second = word[:place], word[place:]
        if _stands_alone(first) and len(second) > 1 and _are_words(known, first, second):
            yield first, second


def _in_three(word: str, known: Lexicon) -> Iterator[tuple[tuple[str, ...], float]]:
    """Three English words that are common one behind the other: `in front of`."""
    for place in range(1, len(word) - 2):
        first, rest = word[:place], word[place:]
        if not (_stands_alone(first) and _are_words(known, first)):
            continue
        for middle, last in _in_two(rest, known):
            if any(_are_words(known, shorter) for shorter in (first + middle, rest)):
                continue  # `in stead of`
            together = known.model.log_triple(
                *(known.entry(each).key for each in (first, middle, last))
            )
            if together is not None:
                yield (first, middle, last), together


def _stands_alone(word: str) -> bool:
    return len(word) > 1 or word in _OF_ONE_LETTER


def _are_words(known: Lexicon, *words: str) -> bool:
    return all(known.entry(word).flags & Flag.VALID for word in words)
