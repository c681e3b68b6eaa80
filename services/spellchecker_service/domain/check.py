"""Checking a text: words with places, what is unknown, what could be meant, what to do about it."""

from collections.abc import Collection

from . import joins, rare_words, real_words, regularised, swedish_real_words
from .candidates import FREQUENCY, SHARPNESS, Candidate, gather
from .corrections import Correction, Kind
from .decision import (
    APPLY,
    APPLY_JOIN,
    APPLY_REAL_WORD,
    FAR_FETCHED,
    MARK,
    MARK_KNOWN,
    MARK_NAME,
    STANDS,
    confidence,
    genuine,
)
from .evidence import evidence_for
from .index_files import Flag
from .lexicon import LN10, Entry, Lexicon, lexicon
from .misspelt_compounds import MeantCompound, gather_compounds
from .phonetics import Language
from .ranking import fit
from .reading import Reading
from .splits import splits
from .tokens import Token
from .variants import same_word

_KEPT = 12
_SUGGESTED = 5
_LONGEST = 40
_RULE = 0.4
_ELSEWHERE = 0.8
_NEAR = 0.8


def _candidates(
    words: list[str], known: Lexicon, rare: Collection[str] = ()
) -> dict[str, list[Candidate]]:
    """Candidates of each word, with those that a rule of word formation suggests."""
    gathered = dict(zip(words, gather(words, known, _KEPT, rare), strict=True))
    far, weight = SHARPNESS * _RULE, LN10 * FREQUENCY[known.language]
    for word, candidates in gathered.items():
        by_rule = [
            Candidate(entry.number, _RULE, entry.zipf * weight - far)
            for entry in regularised.meant_by(word, known)
        ]
        in_order = sorted([*candidates, *by_rule], key=lambda each: each.score)
        candidates[:] = {each.number: each for each in in_order}.values()
    return gathered


def _compounds_meant(
    candidates: dict[str, list[Candidate]], known: Lexicon
) -> dict[str, list[MeantCompound]]:
    """The compounds that Swedish words may be meant to be which are near no listed word."""
    if known.language != "sv":
        return {}
    words = [
        word for word, found in candidates.items() if all(each.distance > _NEAR for each in found)
    ]
    return dict(zip(words, gather_compounds(words, known), strict=True))


def _ranked(
    place: int, read: Reading, candidates: list[Candidate]
) -> list[tuple[float, str, Kind]]:
    """What the word could mean where it stands, best first."""
    token, known, fitting = read.tokens[place], read.lexicon, fit(place, read)
    ranked: list[tuple[float, str, Kind]] = []
    for candidate in candidates:
        shown = known.shown(candidate.number)
        same = shown.lower() == token.lower
        if same and not read.lacks_capital(token):
            continue
        if shown.isupper() and not same:
            continue  # nobody misspells an acronym in lower case
        beside = fitting(shown.lower())
        if token.capitalised and shown[0].isupper():
            beside = min(0.0, beside)  # what speaks for a name speaks for the one written, too
        score = candidate.score + beside
        if not same and read.counts[shown.lower()]:
            score += _ELSEWHERE
        ranked.append((score, shown, "capital" if same else "spelling"))
    for compound in read.compounds.get(token.lower, ()):
        score = compound.score + fitting(compound.last)
        if read.counts[compound.whole]:
            score += _ELSEWHERE
        ranked.append((score, compound.whole, "spelling"))
    for shown, score in splits(token.lower, known):
        ranked.append((score + fitting(shown.lower()), shown, "split"))
    ranked.sort(key=lambda each: (-each[0], each[1]))
    return _in_its_spelling(ranked, read)


def _in_its_spelling(
    ranked: list[tuple[float, str, Kind]], read: Reading
) -> list[tuple[float, str, Kind]]:
    """`ranked`, where of two spellings of one word that which the text would use comes first."""
    if not read.unlike:
        return ranked
    words = [shown for _, shown, _ in ranked]
    for place, word in enumerate(words):
        if read.lexicon.entry(word).flags & read.unlike:
            same = (
                later
                for later in range(place + 1, len(words))
                if same_word(word, words[later], read.lexicon.language)
            )
            other = next(same, place)
            words[place], words[other] = words[other], words[place]
    return [(score, word, kind) for word, (score, _, kind) in zip(words, ranked, strict=True)]


def _check_unknown(place: int, read: Reading, candidates: list[Candidate]) -> Correction | None:
    token = read.tokens[place]
    ranked = _ranked(place, read, candidates)
    if not ranked:
        return None
    language = read.lexicon.language
    score, best, kind = ranked[0]
    others = [score for score, shown, _ in ranked[1:] if not same_word(shown, best, language)]
    standing = genuine(evidence_for(place, read, candidates), language)
    sure = confidence(score, [*others, standing], len(token.word), language)
    stands = confidence(standing, [score for score, _, _ in ranked], len(token.word), language)
    probably_wrong = stands < STANDS and not token.capitalised
    if sure < (MARK_NAME if token.capitalised else MARK) and not probably_wrong:
        return None
    suggested = ranked[:_SUGGESTED] if sure > FAR_FETCHED else []
    shown = [read.dressed(suggestion, token) for _, suggestion, _ in suggested]
    return _correction(token, shown, kind, sure, APPLY[language])


def _correction(
    token: Token, suggestions: list[str], kind: Kind, sure: float, enough: float
) -> Correction:
    return Correction(
        token.start,
        token.end,
        token.text,
        tuple(dict.fromkeys(suggestions)),
        kind,
        round(sure, 3),
        sure >= enough and not token.quoted,
    )


def _check_known(place: int, read: Reading) -> Correction | None:
    """The pronoun `i`, and words that exist but are not the one meant."""
    token, language = read.tokens[place], read.lexicon.language
    if token.skipped:
        return None
    if token.word == "i" and language == "en":
        alone = read.text[token.start - 1 : token.start].strip() == ""
        followed = read.text[token.end : token.end + 1].strip() == ""
        sure = 0.95
        return (
            _correction(token, ["I"], "capital", sure, APPLY["en"]) if alone and followed else None
        )
    if token.lower in read.glossary:
        return None
    confusions = real_words if language == "en" else swedish_real_words
    instead, enough = confusions.meant_instead(place, read), MARK_KNOWN
    if instead is None:
        instead, enough = rare_words.meant_instead(place, read), MARK
    if instead is None or instead[1] < enough:
        return None
    shown = [read.dressed(each, token) for each in instead[0][:_SUGGESTED]]
    return _correction(token, shown, "real_word", instead[1], APPLY_REAL_WORD)


def _check_pair(place: int, read: Reading) -> Correction | None:
    """A word written as two, of which the one at `place` is the second."""
    if place == 0:
        return None
    first, second = read.tokens[place - 1 : place + 1]
    apart = (
        read.text[first.end : second.start] != " "
        or second.capitalised
        or "/" in (read.text[first.start - 1 : first.start], read.text[second.end : second.end + 1])
        or any(
            each.skipped or each.hyphenated or each.lower in read.glossary
            for each in (first, second)
        )
    )
    whole = None if apart else joins.together(place, read)
    if whole is None or whole[1] < MARK_KNOWN:
        return None
    sure = round(whole[1], 3)
    return Correction(
        first.start,
        second.end,
        read.text[first.start : second.end],
        (read.dressed(whole[0], first),),
        "join",
        sure,
        sure >= APPLY_JOIN and not second.quoted,
    )


def _probably_meant(read: Reading, candidates: dict[str, list[Candidate]]) -> dict[str, Entry]:
    """What unknown English words mean by themselves, for those that stand beside them."""
    if read.lexicon.language != "en":
        return {}
    names = {token.lower for token in read.tokens if token.capitalised}
    best = {
        word: max(found, key=lambda each: each.score)
        for word, found in candidates.items()
        if found and word not in names
    }
    known = read.lexicon
    return {word: known.entry(known.shown(each.number).lower()) for word, each in best.items()}


def _spellings_not_used(read: Reading) -> int:
    """Which of British and American spellings the text has fewer of.

    A misspelt word counts as what it probably means, but half: that is what is to be decided.
    """
    british = american = 0
    for word in {*read.counts, *read.glossary}:
        meant = read.meant.get(word)
        flags, weight = (meant.flags, 1) if meant else (read.lexicon.entry(word).flags, 2)
        british += weight * bool(flags & Flag.BRITISH)
        american += weight * bool(flags & Flag.AMERICAN)
    if british == american:
        return 0
    return Flag.AMERICAN if british > american else Flag.BRITISH


def check(text: str, language: Language, glossary: Collection[str] = ()) -> list[Correction]:
    """The corrections of `text`, sorted, none touching another.

    `glossary` has words that are right in this class: names, words of the assignment.
    """
    read = Reading(text, lexicon(language), glossary)
    unknown = [not read.knows(token) for token in read.tokens]
    words = {token.lower for token, is_new in zip(read.tokens, unknown, strict=True) if is_new}
    rare = {token.lower for token in read.tokens if rare_words.is_rare(token, read)} - words
    gathered = _candidates(
        sorted(word for word in words | rare if len(word) <= _LONGEST), read.lexicon, rare
    )
    candidates = {word: found for word, found in gathered.items() if word in words}
    read.meant = _probably_meant(read, candidates)
    read.unlike = _spellings_not_used(read)
    read.compounds = _compounds_meant(candidates, read.lexicon)
    of_unknown = {
        place: _check_unknown(place, read, candidates[token.lower])
        for place, token in enumerate(read.tokens)
        if unknown[place] and token.lower in candidates
    }
    read.misspelt = sum(each is not None and each.applied for each in of_unknown.values())
    read.instead = rare_words.usual_instead(gathered, rare, read.lexicon)
    found: list[Correction] = []
    for place in range(len(read.tokens)):
        correction = _check_pair(place, read)
        if correction is not None:
            if found and found[-1].end > correction.start:
                found.pop()  # what was said of its first half alone
        elif not unknown[place]:
            correction = _check_known(place, read)
        else:
            correction = of_unknown.get(place)
        if correction is not None:
            found.append(correction)
    return found


def suggest(word: str, language: Language) -> tuple[str, ...]:
    """Suggestions for one word that is known to be wrong, best first."""
    known = lexicon(language)
    lower = word.lower().replace("’", "'")
    ranked = [
        (candidate.score, known.shown(candidate.number))
        for candidate in _candidates([lower], known)[lower]
    ]
    ranked += [(score, shown) for shown, score in splits(lower, known)]
    ranked.sort(key=lambda each: (-each[0], each[1]))
    return tuple(shown for _, shown in ranked if shown != word)[:_SUGGESTED]


def warm_up(language: Language) -> None:
    """Load what `check` needs; meant as the initialiser of a worker process."""
    check("Hej, hello.", language)
