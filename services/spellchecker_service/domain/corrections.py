"""What the engine says of a text, and putting it in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["spelling", "split", "join", "capital", "real_word"]


@dataclass(frozen=True)
class Correction:
    """One place in a text. `start` and `end` count code points, `end` exclusive.

    `confidence` is the probability that the word is wrong and the first suggestion right;
    `applied` says whether that is enough to change the text without asking.
    """

    start: int
    end: int
    original: str
    suggestions: tuple[str, ...]
    kind: Kind
    confidence: float
    applied: bool


def apply(text: str, corrections: Iterable[Correction]) -> str:
    """`text` with the first suggestion of each applied correction put in."""
    for correction in sorted(corrections, key=lambda each: each.start, reverse=True):
        if correction.applied and correction.suggestions:
            text = text[: correction.start] + correction.suggestions[0] + text[correction.end :]
    return text
