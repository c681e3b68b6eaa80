"""One word wrongly written as two: `to gether`, `sjuk sköterska`.

Two readings are weighed: that the writer meant the whole word and let a space slip in, and that
the two words stand side by side on purpose.
"""

import math

from .hashing import pair_key
from .index_files import Flag
from .language_model import Context
from .lexicon import FUNCTION_WORD, LN10, Entry, Lexicon
from .phonetics import Language
from .reading import Reading
from .swedish_grammar import ADJECTIVE, NOUN, PLURAL, SINGULAR
from .word_sequences import log_rate

_PER_WORD = -9 * LN10
_SLIP: dict[Language, float] = {"en": 5.0, "sv": 4.0}
"""Nats that a stray space costs."""
_APART = 1.0
"""What it costs to write the parts of a Swedish compound apart, which is the commonest error."""
_COMPANY: dict[Language, float] = {"en": 3.0, "sv": 2.0}
"""Nats by which two words that no table knows as a pair may still be likelier than by chance."""
_LISTED = 3.0
"""Nats by which two words may be likelier than is estimated of a pair on a list without counts."""
_UNHEARD = 0.5
_SHORTEST = 2
_USED = 2.5
_APART_TOO = """
överhuvud taget; tvärt emot; ovan nämnd; ovan nämnda; ovan nämnde; ovan nämnt; allt ihop; ända fram;
fram emot; mitt emot; runt omkring; rakt igenom; där ifrån; här ifrån; var ifrån; rad hus; rest en;
herre gud; lille bror; lilla syster; åt skilda; härom dagen; härom kvällen; härom natten;
härom veckan; härom året; tjock isen;
all right; any more; some day; any time
"""
_EITHER_WAY = frozenset(" ".join(_APART_TOO.split()).split("; "))
"""What is right as two words too."""
_OBJECT, _SUBJECT = "er", "de"
"""Pronouns that look like endings: `ställ er här`, `i dag bor de flesta i hus`."""
_ADJECTIVES = frozenset(("djup", "dubbel", "hög", "ljus", "salt"))
"""Nouns to the dictionary, but rather adjectives."""


def together(place: int, read: Reading) -> tuple[str, float] | None:
    """The word that the one at `place` and the one before it are parts of, if it is meant.

    As it is shown, with the probability.
    """
    first, second, known = read.tokens[place - 1].lower, read.tokens[place].lower, read.lexicon
    if len(second) < _SHORTEST or f"{first} {second}" in _EITHER_WAY:
        return None
    if known.language == "sv" and (second == _OBJECT or (second == _SUBJECT and first[-1] == "r")):
        return None
    whole = known.entry(first + second)
    parts = known.entry(first), known.entry(second)
    is_compound = first not in _ADJECTIVES and _is_compound(*parts, whole)
    if not is_compound and (not whole.flags & Flag.VALID or whole.zipf < _USED):
        return None
    if known.language == "en" and all(known.model.knows(each.key) for each in (whole, *parts)):
        context = Context(read.context(place - 1).before, read.context(place).behind)
        apart = known.model.log_within(context, [each.key for each in parts])
        meant = known.model.log_within(context, [whole.key])
    else:
        apart = _side_by_side(*parts, known)
        meant = whole.zipf * LN10 + _PER_WORD
    slip = _APART if is_compound else _SLIP[known.language]
    doubt = apart + slip - meant
    shown = known.shown(whole.number) if whole.number >= 0 else first + second
    return shown, 1 / (1 + math.exp(max(-50.0, min(50.0, doubt))))


def _is_compound(first: Entry, second: Entry, whole: Entry) -> bool:
    """Whether `whole` is a Swedish compound whose parts side by side are hardly anything else.

    A noun before a noun or an adjective: not an adjective (`fri stat`) or a genitive (`ett fartygs
    roder`), nor before a noun with its article, which may begin a clause (`med andra ord språket`).
    """
    return (
        whole.zipf > 0
        and bool(first.flags & NOUN and not first.flags & ADJECTIVE)
        and bool(second.flags & (SINGULAR | PLURAL | ADJECTIVE))
        and max(first.zipf, second.zipf) < FUNCTION_WORD
    )


def _side_by_side(first: Entry, second: Entry, known: Lexicon) -> float:
    """Natural log of how likely the two words are to stand beside each other."""
    found = known.pair_log(first, second)
    if found is not None:
        return found if known.language == "en" else found + _LISTED
    frequencies = max(first.zipf, _UNHEARD) + max(second.zipf, _UNHEARD)
    by_chance = frequencies * LN10 + 2 * _PER_WORD
    company = _COMPANY[known.language]
    if known.language == "sv":
        together = known.sequences.count(pair_key(first.key, second.key))
        company = log_rate(together, known.sequences.words * math.exp(by_chance), 1.0, company)
    return by_chance + company
