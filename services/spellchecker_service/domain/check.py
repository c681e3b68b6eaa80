"""Checking a text: words with places, what is unknown, what could be meant, what to do about it."""

import re
from collections import Counter
from collections.abc import Collection

from . import compounds, regularised
from .candidates import FREQUENCY, SHARPNESS, Candidate, gather
from .corrections import Correction, Kind
from .decision import APPLY, MARK, Evidence, confidence, genuine
from .index_files import Flag
from .lexicon import LN10, Lexicon, lexicon
from .phonetics import Language
from .ranking import Neighbours, fit
from .tokens import Token, tokenise

ENGINE_VERSION = "2026.1"

_KEPT = 12
_SUGGESTED = 5
_LONGEST = 40
_SPLIT = 0.7
_RULE = 0.4
_ABBREVIATED = re.compile(r"[^aeiouyåäöéèáàü]+|[ivxlc]+")


class _Text:
    """One text while it is checked."""

    def __init__(self, text: str, known: Lexicon, glossary: Collection[str]) -> None:
        self.text = text
        self.lexicon = known
        self.tokens = tokenise(text)
        self.counts = Counter(token.lower for token in self.tokens)
        self.glossary = {
            part.lower() for entry in glossary for part in [entry, *entry.split()] if part
        }
        self.curly = "’" in text

    def knows(self, token: Token) -> bool:
        lower = token.lower
        if token.skipped or lower in self.glossary or len(lower) == 1:
            return True
        flags = self.lexicon.entry(lower).flags
        if flags & Flag.VALID or (flags & Flag.CAPITALISED):
            return True
        base, apostrophe, ending = lower.rpartition("'")
        return bool(apostrophe and ending in {"s", ""} and base) and (
            base in self.glossary or self.lexicon.knows(base)
        )

    def neighbours(self, place: int) -> Neighbours:
        before = behind = None
        word_before = ""
        token = self.tokens[place]
        if place and self.text[self.tokens[place - 1].end : token.start] == " ":
            word_before = self.tokens[place - 1].lower
            before = self.lexicon.entry(word_before)
            if word_before == "inte" and place > 1:
                word_before = self.tokens[place - 2].lower
        if place + 1 < len(self.tokens):
            following = self.tokens[place + 1]
            if self.text[token.end : following.start] == " ":
                behind = self.lexicon.entry(following.lower)
        return Neighbours(before, behind, word_before)


def _dressed(suggestion: str, token: Token, *, curly: bool) -> str:
    """`suggestion` with the capitals and the apostrophe of the word it replaces."""
    if token.capitalised:
        suggestion = suggestion[0].upper() + suggestion[1:]
    return suggestion.replace("'", "’") if curly else suggestion


def _splits(word: str, known: Lexicon) -> list[tuple[str, float]]:
    """Two words written as one, with their scores."""
    found = []
    for place in range(1, len(word)):
        first, second = word[:place], word[place:]
        if (place == 1 and first not in {"a", "i"}) or len(second) == 1:
            continue
        left, right = known.entry(first), known.entry(second)
        if not (left.flags & Flag.VALID and right.flags & Flag.VALID):
            continue
        together = known.pair_log(left, right)
        if together is None:
            continue
        found.append((f"{first} {second}", (together + 9 * LN10) * FREQUENCY - SHARPNESS * _SPLIT))
    return found


def _known_candidates(words: list[str], known: Lexicon) -> dict[str, list[Candidate]]:
    """Candidates of each word, with those that a rule of word formation suggests."""
    gathered = dict(zip(words, gather(words, known, _KEPT), strict=True))
    for word, candidates in gathered.items():
        for right in regularised.meant_by(word, known.language):
            entry = known.entry(right)
            if entry.number >= 0 and entry.flags & Flag.VALID:
                score = entry.zipf * LN10 * FREQUENCY - SHARPNESS * _RULE
                others = [each for each in candidates if each.number != entry.number]
                candidates[:] = [*others, Candidate(entry.number, _RULE, score)]
    return gathered


def _check_unknown(
    place: int, text: _Text, candidates: list[Candidate], compound: float
) -> Correction | None:
    token = text.tokens[place]
    neighbours = text.neighbours(place)
    ranked: list[tuple[float, str, Kind]] = []
    for candidate in candidates:
        shown = text.lexicon.shown(candidate.number)
        entry = text.lexicon.entry(shown.lower())
        score = candidate.score + fit(entry, neighbours, text.lexicon)
        if text.counts[shown.lower()]:
            score += 1.0
        ranked.append((score, shown, "spelling"))
    ranked += [(score, shown, "split") for shown, score in _splits(token.lower, text.lexicon)]
    ranked.sort(key=lambda each: (-each[0], each[1]))
    if not ranked:
        return None
    entry = text.lexicon.entry(token.lower)
    evidence = Evidence(
        entry.zipf,
        token.capitalised,
        token.opens_sentence,
        text.counts[token.lower],
        compound,
        token.hyphenated,
        token.quoted,
        len(token.word),
        only_in_compounds=bool(entry.flags & (Flag.BEGIN | Flag.MIDDLE)),
        abbreviation=_ABBREVIATED.fullmatch(token.lower) is not None,
    )
    sure = confidence([score for score, _, _ in ranked], genuine(evidence))
    if sure < MARK:
        return None
    suggestions = [_dressed(word, token, curly=text.curly) for _, word, _ in ranked[:_SUGGESTED]]
    return Correction(
        token.start,
        token.end,
        token.text,
        tuple(dict.fromkeys(suggestions)),
        ranked[0][2],
        round(sure, 3),
        sure >= APPLY and not token.quoted,
    )


def check(text: str, language: Language, glossary: Collection[str] = ()) -> list[Correction]:
    """The corrections of `text`, sorted, none touching another.

    `glossary` has words that are right in this class: names, words of the assignment.
    """
    known = lexicon(language)
    read = _Text(text, known, glossary)
    unknown = [place for place, token in enumerate(read.tokens) if not read.knows(token)]
    words = sorted({read.tokens[place].lower for place in unknown})
    words = [word for word in words if len(word) <= _LONGEST]
    candidates = _known_candidates(words, known)
    found = []
    for place in unknown:
        word = read.tokens[place].lower
        if word in candidates:
            compound = compounds.analyse(word, known) if language == "sv" else None
            worth = compound.worth if compound else 0.0
            correction = _check_unknown(place, read, candidates[word], worth)
            if correction is not None:
                found.append(correction)
    return found


def suggest(word: str, language: Language) -> tuple[str, ...]:
    """Suggestions for one word that is known to be wrong, best first."""
    known = lexicon(language)
    [candidates] = _known_candidates([word.lower()], known).values()
    ranked = [(candidate.score, known.shown(candidate.number)) for candidate in candidates]
    ranked += [(score, shown) for shown, score in _splits(word.lower(), known)]
    ranked.sort(key=lambda each: (-each[0], each[1]))
    return tuple(shown for _, shown in ranked[:_SUGGESTED] if shown != word)


def warm_up(language: Language) -> None:
    """Load what `check` needs; meant as the initialiser of a worker process."""
    check("Hej, hello.", language)
