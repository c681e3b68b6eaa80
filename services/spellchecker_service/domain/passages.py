"""Passages in the other language: a quotation, the title of a song, a saying.

The likeliest division of a text between its own language and the other one, by how frequent its
words are in each: Viterbi's algorithm with two states.
"""

from collections.abc import Sequence
from dataclasses import replace

from .lexicon import LN10, Lexicon
from .tokens import Token

_CHANGE = 5.0
"""Nats that each change of the language costs."""
_UNHEARD = 2.0
"""Zipf frequency of what the list of a language has not, at most."""
_ONLY_HEARD = 1.5
"""So much of its frequency has a word from the other language, if no dictionary has it."""
_SWEDISH_LETTERS = frozenset("åäö")
_HARDLY_ENGLISH = 0.7
"""What an English text has with Swedish letters is less likely English than what nobody knows."""
_PER_LETTER = 2.0
"""Nats that each letter but the first tells at most: a misspelt `för att` is `for at`, too."""


def without_foreign(tokens: Sequence[Token], known: Lexicon) -> list[Token]:
    """The tokens, those in the other language as skipped ones.

    The text is in its own language before its first word and behind its last one.
    """
    own, other = 0.0, -_CHANGE
    returns, leaves = [], []
    for token in tokens:
        returns.append(other - _CHANGE > own)
        leaves.append(own - _CHANGE >= other)
        own, other = (
            max(own, other - _CHANGE),
            max(other, own - _CHANGE) + _foreignness(token, known),
        )
    foreign = other - _CHANGE > own
    result = list(tokens)
    for place in range(len(tokens) - 1, -1, -1):
        if foreign:
            result[place] = replace(tokens[place], skipped=True)
            foreign = not leaves[place]
        else:
            foreign = returns[place]
    return result


def _foreignness(token: Token, known: Lexicon) -> float:
    """How much likelier the word is in the other language, in nats."""
    word = token.lower
    own, other = known.entry(word).zipf, known.foreign(word)
    if not known.knows(word):
        own -= _ONLY_HEARD
    odd = known.language == "en" and not _SWEDISH_LETTERS.isdisjoint(word)
    least = _HARDLY_ENGLISH if odd else _UNHEARD
    nats = (max(_UNHEARD, other) - max(least, own)) * LN10
    return min(nats, _PER_LETTER * (len(word) - 1))
