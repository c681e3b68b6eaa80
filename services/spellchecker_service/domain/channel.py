"""How far a written word is from a meant one, in units of one unlikely slip.

A weighted Damerau-Levenshtein distance over many pairs at once. The weights are set by hand, from
what is known of how people misspell: vowels for vowels, single for double letters, letters that
sound alike or lie side by side on the keyboard, accents left out.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .phonetics import Language

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_VOWELS = "aeiouyåäöéèáàü"
_ALIKE_IN_ENGLISH = "gj fv dt bp mn kq ys xs iy ea eu"
_ALIKE_IN_SWEDISH = "ck sc sz gj fv dt bp mn kq wv xs gk kt sk hk"
_ALIKE = {"en": _ALIKE_IN_ENGLISH.split(), "sv": _ALIKE_IN_SWEDISH.split()}
_HISSED = {"en": ("ck", "sc", "sz"), "sv": ()}
_ACCENTS = {
    "en": ("eé", "eè", "aà", "iï", "oö", "uü", "aâ", "cç", "eê", "nñ"),
    "sv": ("eé", "eè", "aà", "uü"),
}
_UMLAUTS = {"en": (), "sv": ("aå", "aä", "oö", "oå", "eä", "åä", "äö", "åö")}
_VOWEL_PAIRS = {
    "en": ["ei", "ae", "ie", "ao", "ou", "iy", "ea", "eo"],
    "sv": ["ea", "eä", "oå", "uo", "yu", "öo", "iy", "öu", "ei", "yi", "uy"],
}
_KEYBOARD = ("qwertyuiopå", "asdfghjklöä", "zxcvbnm")
_STRANGE = 1.5
_NEIGHBOUR = 1.0
_VOWEL = 0.8
_NEAR_VOWEL = 0.6
_SOUND = 0.8
_UMLAUT = 0.35
_HISS = 0.65


class _Single(NamedTuple):
    """What single letters cost: left out, or too many."""

    omitted: float
    omitted_vowel: float
    extra: float
    extra_vowel: float
    omitted_h: float
    extra_h: float
    omitted_double: float
    extra_double: float
    vowel_beside_vowel: float
    """So much less costs a vowel that is left out beside another one: `beutiful`."""
    omitted_stop: float
    """Of letters that are often silent or swallowed: c, g, t, d, b, k, w."""
    final_e: float
    swapped: float


_SINGLE: dict[Language, _Single] = {
    "en": _Single(0.7, 0.5, 1.2, 1.0, 0.6, 0.8, 0.3, 0.45, 0.1, 0.6, 0.2, 0.65),
    "sv": _Single(0.7, 0.55, 1.15, 1.0, 0.75, 0.75, 0.38, 0.38, 0.0, 0.7, 0.0, 0.7),
}
_ENDING: dict[Language, str] = {"en": "ds", "sv": "rt"}
"""Letters that say at the end which form a word is: learners leave them out, and Swedes do not say
them."""
_OMITTED_ENDING = 0.45
_APOSTROPHE = 0.2
_C, _K, _E = ord("c"), ord("k"), ord("e")
_SWAPPED_NG = 0.35
_NG = ord("n") + ord("g")
_FIRST_LETTER = 0.55
_LAST_LETTER = 0.1
_POSSESSIVE = 0.3
_ENDINGS: dict[Language, tuple[tuple[float, tuple[str, ...]], ...]] = {
    "en": (),
    "sv": (
        (0.4, ("ar", "er", "or")),
        (0.4, ("arna", "erna", "orna")),
        (0.4, ("ade", "de", "te", "dde", "tte")),
        (0.4, ("at", "it", "et")),
        (0.4, ("ande", "ende")),
        (0.8, ("en", "et")),
    ),
}
"""Endings that say the same of words of different classes, so that learners take one for another:
`grannar` and `vänner`, `köpte` and `handlade`, `bilen` and `huset`. What that costs."""
_LONGEST_ENDING = 4
FAR = 9.0


@cache
def _substitutions(language: Language) -> Floats:
    """What it costs to write the second letter where the first is meant: 256 x 256, flat."""
    table = np.full((256, 256), _STRANGE, np.float32)

    def put(first: str, second: str, cost: float) -> None:
        for a, b in ((first, second), (second, first)):
            table[ord(a), ord(b)] = min(table[ord(a), ord(b)], cost)

    for number, row in enumerate(_KEYBOARD):
        for place, letter in enumerate(row):
            beside = row[place + 1 : place + 2]
            below = _KEYBOARD[number + 1][max(0, place - 1) : place + 1] if number < 2 else ""  # noqa: PLR2004
            for other in beside + below:
                put(letter, other, _NEIGHBOUR)
    for a in _VOWELS:
        for b in _VOWELS:
            put(a, b, _VOWEL)
    weighted = (
        (_ALIKE, _SOUND),
        (_HISSED, _HISS),
        (_VOWEL_PAIRS, _NEAR_VOWEL),
        (_UMLAUTS, _UMLAUT),
        (_ACCENTS, 0.1),
    )
    for pairs, cost in weighted:
        for pair in pairs[language]:
            put(pair[0], pair[1], cost)
    np.fill_diagonal(table, 0)
    return table.ravel()


@cache
def _single(language: Language) -> tuple[Floats, Floats]:
    """The cost of leaving a letter out, and of a letter too many."""
    costs = _SINGLE[language]
    omitted = np.full(256, costs.omitted, np.float32)
    extra = np.full(256, costs.extra, np.float32)
    for letter in "cgtdbkw":
        omitted[ord(letter)] = costs.omitted_stop
    for letter in _VOWELS:
        omitted[ord(letter)] = costs.omitted_vowel
        extra[ord(letter)] = costs.extra_vowel
    omitted[ord("h")], extra[ord("h")] = costs.omitted_h, costs.extra_h
    for table in (omitted, extra):
        table[ord("'")] = _APOSTROPHE
        table[ord("-")] = _APOSTROPHE
        table[0] = 0
    return omitted, extra


def _last_letters(rows: Bytes, lengths: Integers) -> list[Bytes]:
    """The last letter of each row, the last but one, and so on; 0 before the first."""
    everyone = np.arange(len(rows))
    places = range(1, _LONGEST_ENDING + 1)
    return [np.where(lengths > n, rows[everyone, lengths - n], np.uint8(0)) for n in places]


def _ending(last: list[Bytes], endings: Sequence[str]) -> Integers:
    """The length of the longest of `endings` that each row has behind something else, or 0."""
    found = np.zeros(len(last[0]), np.int64)
    for ending in sorted(endings, key=len):
        has = last[0] == ord(ending[-1])
        for place, letter in enumerate(reversed(ending[:-1]), 1):
            has &= last[place] == ord(letter)
        found[has] = len(ending)
    return found


@cache
def _vowels() -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[[ord(letter) for letter in _VOWELS]] = True
    return table


def _last(columns: Bytes) -> npt.NDArray[np.bool_]:
    """Where the last letters are of words that stand in columns."""
    last = columns > 0
    last[:-1] &= columns[1:] == 0
    return last


def _omitted(m: Bytes, language: Language) -> Floats:
    """The cost of leaving out each letter of the meant words, which stand in columns."""
    costs = _SINGLE[language]
    omit = _single(language)[0][m]
    if costs.vowel_beside_vowel:
        vowel = _vowels()[m]
        pair = vowel[1:] & vowel[:-1]
        beside = np.zeros_like(vowel)
        beside[1:] |= pair
        beside[:-1] |= pair
        omit -= np.float32(costs.vowel_beside_vowel) * beside
    last = _last(m)
    if costs.final_e:
        omit -= np.float32(costs.final_e) * (last & (m == _E))
    ending = last & np.isin(m, [ord(letter) for letter in _ENDING[language]])
    omit = np.where(ending, np.minimum(omit, np.float32(_OMITTED_ENDING)), omit)
    double = costs.omitted_double
    omit[1:] = np.where(m[1:] == m[:-1], np.minimum(omit[1:], double), omit[1:])
    # `k` for `ck` is a doubling too.
    omit[:-1] = np.where((m[:-1] == _C) & (m[1:] == _K), np.minimum(omit[:-1], double), omit[:-1])
    return omit


def _extra(w: Bytes, language: Language) -> Floats:
    """The cost of each letter too many in the written words, which stand in columns."""
    costs = _SINGLE[language]
    more = _single(language)[1][w]
    if costs.final_e:
        more -= np.float32(costs.final_e) * (_last(w) & (w == _E))
    double = costs.extra_double
    more[1:] = np.where(w[1:] == w[:-1], np.minimum(more[1:], double), more[1:])
    more[:-1] = np.where((w[:-1] == _C) & (w[1:] == _K), np.minimum(more[:-1], double), more[:-1])
    return more


def distances(written: Bytes, meant: Bytes, language: Language) -> Floats:
    """The distance of each pair of rows. Both have as many rows; zeros fill them up."""
    pairs = len(written)
    long_w, long_m = (
        int((written > 0).sum(1).max(initial=0)),
        int((meant > 0).sum(1).max(initial=0)),
    )
    w = np.ascontiguousarray(written[:, :long_w].T)
    m = np.ascontiguousarray(meant[:, :long_m].T)
    costs, substitution = _SINGLE[language], _substitutions(language)
    omit, more = _omitted(m, language), _extra(w, language)
    grid = np.full((long_w + 1, long_m + 1, pairs), FAR, np.float32)
    grid[0, 0] = 0
    band = 3
    for j in range(1, min(long_m, band) + 1):
        grid[0, j] = grid[0, j - 1] + omit[j - 1]
    for i in range(1, long_w + 1):
        if i <= band:
            grid[i, 0] = grid[i - 1, 0] + more[i - 1]
        row = w[i - 1].astype(np.int32)
        for j in range(max(1, i - band), min(long_m, i + band) + 1):
            cell = grid[i - 1, j - 1] + substitution[m[j - 1].astype(np.int32) * 256 + row]
            np.minimum(cell, grid[i, j - 1] + omit[j - 1], out=cell)
            np.minimum(cell, grid[i - 1, j] + more[i - 1], out=cell)
            if i > 1 and j > 1:
                swapped = (w[i - 1] == m[j - 2]) & (w[i - 2] == m[j - 1])
                # Swedish `gn` and `ng` are the swap that everyone makes: lungt, vangn.
                nasal = swapped & (w[i - 1] + w[i - 2] == _NG) & (language == "sv")
                cost = np.where(nasal, _SWAPPED_NG, np.where(swapped, costs.swapped, FAR))
                np.minimum(cell, grid[i - 2, j - 2] + cost, out=cell)
            grid[i, j] = cell
    last_w, last_m = (written > 0).sum(1), (meant > 0).sum(1)
    result: Floats = grid[last_w, last_m, np.arange(pairs)]
    letters_w, letters_m = _last_letters(written, last_w), _last_letters(meant, last_m)
    for price, endings in _ENDINGS[language]:
        less_w, less_m = _ending(letters_w, endings), _ending(letters_m, endings)
        other = np.flatnonzero((less_w > 0) & (less_m > 0))
        stems = grid[last_w[other] - less_w[other], last_m[other] - less_m[other], other]
        result[other] = np.minimum(result[other], stems + np.float32(price))
    result += np.float32(_FIRST_LETTER) * (written[:, 0] != meant[:, 0])
    everyone = np.arange(pairs)
    final_w, final_m = written[everyone, last_w - 1], meant[everyone, last_m - 1]
    result += np.float32(_LAST_LETTER) * (final_w != final_m)
    possessive = (final_m == ord("s")) & (meant[everyone, last_m - 2] == ord("'"))
    result += np.float32(_POSSESSIVE) * possessive
    return result
