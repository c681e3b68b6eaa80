"""Passages in another language: a quotation, the title of a song, a saying.

The likeliest division of a text between its own language and the others, by how frequent its words
are in each: Viterbi's algorithm with a state for each language.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from .lexicon import LN10, Lexicon
from .tokens import Token

_ENTERING = (0.0, 10.0, 12.0, 12.0, 12.0)
"""Nats that it costs to go over to the text's own language and to `sources.OTHER_LANGUAGES`."""
_ELISION = re.compile(r"^(?:qu|[cdjlmnst])'")
_UNHEARD = 2.0
"""Zipf frequency of what the list of a language has not, at most."""
_ONLY_HEARD = 1.5
"""So much of its frequency has a word from other languages, if no dictionary has it."""
_SWEDISH_LETTERS = frozenset("åäö")
_HARDLY_ENGLISH = 0.7
"""What an English text has with Swedish letters is less likely English than what nobody knows."""
_PER_LETTER = 2.0
"""Nats that each letter but the first tells at most: a misspelt `för att` is `for at`, too."""


def without_foreign(tokens: Sequence[Token], known: Lexicon) -> list[Token]:
    """The tokens, those in another language as skipped ones."""
    foreignness = {word: _foreignness(word, known) for word in {token.lower for token in tokens}}
    scores = [-cost for cost in _ENTERING]
    came_from: list[list[int]] = []
    for token in tokens:
        highest = max(scores)
        best = scores.index(highest)
        entered = [highest - cost for cost in _ENTERING]
        came_from.append(
            [
                best if new >= score else language
                for language, (new, score) in enumerate(zip(entered, scores, strict=True))
            ]
        )
        scores = [
            max(new, score) + nats
            for new, score, nats in zip(entered, scores, foreignness[token.lower], strict=True)
        ]
    language = scores.index(max(scores))
    result = list(tokens)
    for place in range(len(tokens) - 1, -1, -1):
        if language:
            result[place] = replace(tokens[place], skipped=True)
        language = came_from[place][language]
    return result


def _foreignness(word: str, known: Lexicon) -> list[float]:
    """How much likelier the word is in each language than in the text's own one, in nats."""
    most = _PER_LETTER * (len(word) - 1)
    word = _ELISION.sub("", word)
    own = known.entry(word).zipf
    if not known.knows(word):
        own -= _ONLY_HEARD
    odd = known.language == "en" and not _SWEDISH_LETTERS.isdisjoint(word)
    own = max(_HARDLY_ENGLISH if odd else _UNHEARD, own)
    others = [min(most, (max(_UNHEARD, zipf) - own) * LN10) for zipf in known.foreign(word)]
    return [0.0, *others]
