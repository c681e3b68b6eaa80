"""What speaks for an unknown word as it stands, gathered for the decision."""

import re

from . import compounds, splits
from .candidates import Candidate
from .decision import MISSPELT, MISSPELT_FURTHER, Evidence
from .derivation import is_derived
from .index_files import Flag
from .lexicon import LN10, Lexicon
from .phonetics import Language
from .ranking import is_paired
from .reading import Reading

_UNCAPITALISED = 0.9
_ABBREVIATED = re.compile(r"[^aeiouyåäöéèáàü]+|[ivxlc]+")
_PREFIXED = re.compile(
    "(?:anti|auto|bio|cyber|eco|electro|geo|hydro|hyper|mega|micro|multi|neuro|non|photo|psycho"
    "|self|semi|socio|super|tele|thermo|ultra)(.{5,})"
)
_INTRODUCING: dict[Language, frozenset[str]] = {
    "en": frozenset({"called", "named"}),
    "sv": frozenset(("kallad", "kallade", "kallar", "kallas", "kallat", "heter", "hette")),
}
_ARTICLES = frozenset(("a", "an", "the", "en", "ett", "för"))


def evidence_for(place: int, read: Reading, candidates: list[Candidate]) -> Evidence:
    token, known = read.tokens[place], read.lexicon
    entry = known.entry(token.lower)
    swedish = known.language == "sv"
    named = token.capitalised and not token.opens_sentence
    run_together = swedish and not named and splits.runs_together(token.lower, known)
    zipf = entry.zipf - (_UNCAPITALISED if read.lacks_capital(token) else 0)
    return Evidence(
        0.0 if run_together else zipf,
        token.capitalised,
        token.opens_sentence,
        read.counts[token.lower],
        compounds.worth(token.lower, known) if swedish and not run_together else 0.0,
        token.hyphenated,
        token.quoted,
        len(token.word),
        only_in_compounds=bool(entry.flags & (Flag.BEGIN | Flag.MIDDLE)),
        abbreviation=_ABBREVIATED.fullmatch(token.lower) is not None,
        derived=swedish and is_derived(token.lower, known),
        paired=swedish and is_paired(entry, read.neighbours(place), known),
        prefixed=_is_prefixed(token.lower, known),
        possessive=token.lower.endswith("'s"),
        introduced=_is_introduced(place, read),
        misspelt=_misspelt(token.lower, candidates, known),
    )


def _is_introduced(place: int, read: Reading) -> bool:
    """Whether the text says that it is the name of something: `a cloth called kente`."""
    words = read.around(place, -1)
    if words and words[0] in _ARTICLES:
        del words[0]
    return bool(words) and words[0] in _INTRODUCING[read.lexicon.language]


def _is_prefixed(word: str, known: Lexicon) -> bool:
    """Whether it is a known word behind a prefix that makes new ones: `neurocognition`."""
    found = _PREFIXED.fullmatch(word) if known.language == "en" else None
    return found is not None and known.knows(found[1])


def _misspelt(word: str, candidates: list[Candidate], known: Lexicon) -> float:
    """The zipf frequency of a word that is nothing but what is often written for something else.

    That is a candidate with a slip, or words without their spaces.
    """
    if known.language != "en":
        return 0.0
    zipf = known.arrays["candidate_zipf"]
    slips = (
        float(zipf[each.number]) - MISSPELT - MISSPELT_FURTHER * each.distance
        for each in candidates
    )
    joins = (share / LN10 + 9 - MISSPELT for _, share in splits.side_by_side(word, known))
    return max(0.0, *slips, *joins)
