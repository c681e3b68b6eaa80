"""Words that exist but are not the one meant: `over their`. Only where the neighbours are sure.

English alone: it takes a table of word pairs with their counts to tell, and for Swedish there is
none.
"""

import math

from .lexicon import LN10, Lexicon
from .ranking import Neighbours, company

_PAIRS = """
their there; then than; to too; were where; of off; loose lose; quite quiet; whether weather;
new knew; no know; write right; hear here; buy by; passed past; peace piece; affect effect;
advice advise; accept except; thing think; form from; wear where; week weak; hole whole;
won one; which witch; threw through; lead led; breath breathe; choose chose
"""
CONFUSED: dict[str, list[str]] = {}
for _entry in _PAIRS.split(";"):
    _first, _second = _entry.split()
    CONFUSED.setdefault(_first, []).append(_second)
    CONFUSED.setdefault(_second, []).append(_first)

_RARE = 5.0
"""Nats by which the neighbours must outweigh that the word is as good as always right."""


def meant_instead(word: str, neighbours: Neighbours, lexicon: Lexicon) -> tuple[str, float] | None:
    """What `word` stands for, with the probability; `None` where nothing tells."""
    others = CONFUSED.get(word)
    if others is None or None in neighbours[:2]:
        return None

    def likelihood(each: str) -> float:
        entry = lexicon.entry(each)
        return entry.zipf * LN10 + company(entry, neighbours, lexicon)

    best = max(others, key=likelihood)
    return best, 1 / (1 + math.exp(likelihood(word) + _RARE - likelihood(best)))
