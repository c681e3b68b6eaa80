"""The index of a language as arrays: what a word is, what could be meant, what stands beside it."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from . import language_model, sources, swedish_grammar, word_sequences
from .added_words import ADDED
from .hashing import (
    PREFIX,
    deletion_keys,
    encode,
    letter_sets,
    pair_key,
    sound_hashes,
    word_key,
)
from .index_files import WIDTH, Arrays, Flag
from .phonetics import LANGUAGES, Language, phonetic_key, spoken
from .tables import ID_BITS, postings, table
from .variants import american, without_accents

UNSEEN = 0.7
"""Zipf frequency of a word that a dictionary has and the frequency list has not."""
_COMMON = 4.5
_SHORT = 4
_LISTED = -6.5
_LISTED_BY_CHANCE = 0.42
"""How common a pair is that a list without counts has: the rarer its words are, the further above
chance. Counted over treebanks: the line fits pairs of all frequencies within half a nat."""
_MUCH_RARER, _MUCH_MORE_USUAL = -1.0, 0.5
"""How the frequency of a British spelling differs from that of the American one at most where
both are spellings of one word, and each is that of its own country: not `timbre`, `dialogue`."""
_SELDOM_BRITISH = 1.2
"""So much rarer than the American word is one that only looks British, log10."""
_SELDOM_ACCENTED = 1.5
"""So much rarer than the plain word is one that has its accents by mistake, log10: `thé`."""
_IZE = re.compile(r"(\w{3,}[iy])z(e[srd]?|ing|ers|able|ations?)")


class _Lexicon:
    """What is known of each word in lower case while the index is put together."""

    def __init__(self, frequencies: dict[str, float]) -> None:
        self.frequencies = frequencies
        self.flags: dict[str, int] = defaultdict(int)
        self.shown: dict[str, str] = {}

    def frequency(self, word: str) -> float:
        return self.frequencies.get(word, UNSEEN if word in self.flags else 0.0)

    def accept(self, word: str, flags: int) -> None:
        """`word` as a text may have it: with a capital only if it is always written so."""
        lowered = word.lower()
        if lowered == word:
            self.flags[word] |= flags | Flag.VALID
        else:
            self.flags[lowered] |= flags | Flag.CAPITALISED
            self.shown.setdefault(lowered, word)


def _read_dictionary(language: Language, lexicon: _Lexicon) -> None:
    dictionary = sources.Dictionary(language)
    option = dictionary.affixes.flag
    forbidden, bare, inside = option("FORBIDDENWORD"), option("NEEDAFFIX"), option("ONLYINCOMPOUND")
    begin, middle, end = option("COMPOUNDBEGIN"), option("COMPOUNDMIDDLE"), option("COMPOUNDEND")
    refused: list[str] = []
    ends = False
    stem = stem_flags = ""
    for text, flags, suffix in dictionary.forms():
        if not suffix:
            stem, stem_flags = text, flags
            ends = end in flags
        if forbidden in flags:
            refused.append(text)
            continue
        parts = (
            (Flag.BEGIN if begin in flags else 0)
            | (Flag.MIDDLE if middle in flags else 0)
            | (Flag.END if end in flags or (suffix and ends and inside not in flags) else 0)
        )
        if inside in flags or (not suffix and bare in flags):
            if parts:
                lexicon.flags[text.lower()] |= parts
        else:
            swedish = language == "sv"
            tags = swedish_grammar.tags(stem, stem_flags, text, suffix) if swedish else 0
            lexicon.accept(text, parts | tags)
    for text in refused:
        lexicon.flags.pop(text.lower(), None)


def _accept_british(lexicon: _Lexicon) -> None:
    """British spellings that people use, which the American dictionary lacks."""
    for word, frequency in lexicon.frequencies.items():
        twin = american(word)
        if (
            twin != word
            and lexicon.flags.get(twin, 0) & Flag.VALID
            and frequency > lexicon.frequency(twin) - _SELDOM_BRITISH
        ):
            lexicon.flags[word] |= Flag.VALID
    _accept_ise(lexicon)


def _accept_accented(lexicon: _Lexicon) -> None:
    """Words that people write with accents nearly as often as without: `façade`, `fiancée`."""
    for word, frequency in lexicon.frequencies.items():
        plain = without_accents(word)
        if (
            plain != word
            and lexicon.flags.get(plain, 0) & Flag.VALID
            and frequency > lexicon.frequency(plain) - _SELDOM_ACCENTED
        ):
            lexicon.flags[word] |= Flag.VALID


def _accept_ise(lexicon: _Lexicon) -> None:
    """All forms of the verbs in `-ise` of which people use one: `itemise`, but not `downsise`."""
    verbs = [
        (found[1], found[1] + "s" + found[2])
        for word, flags in lexicon.flags.items()
        if flags & Flag.VALID and (found := _IZE.fullmatch(word))
    ]
    used = {stem for stem, form in verbs if form in lexicon.frequencies}
    for stem, form in verbs:
        if stem in used:
            lexicon.flags[form] |= Flag.VALID


def _tell_spellings_apart(lexicon: _Lexicon) -> None:
    """Which words are British or American spellings of one that is written both ways."""
    for word in [word for word, flags in lexicon.flags.items() if flags & Flag.VALID]:
        twin = american(word)
        if twin == word or not lexicon.flags.get(twin, 0) & Flag.VALID:
            continue
        more_usual = lexicon.frequency(word) - lexicon.frequency(twin)
        if _MUCH_RARER < more_usual < _MUCH_MORE_USUAL:
            lexicon.flags[word] |= Flag.BRITISH
            lexicon.flags[twin] |= Flag.AMERICAN


def _candidate_words(lexicon: _Lexicon) -> list[str]:
    """What may be suggested: known words that people use, most frequent first."""
    accepted = Flag.VALID | Flag.CAPITALISED
    words = [
        word
        for word, flags in lexicon.flags.items()
        if flags & accepted and 1 <= len(word) <= WIDTH and word in lexicon.frequencies
    ]
    words.sort(key=lambda word: (-lexicon.frequencies[word], word))
    return words[: 1 << ID_BITS]


def _deletion_table(rows: npt.NDArray[np.uint8], zipf: npt.NDArray[np.float32]) -> Arrays:
    prefixes = rows[:, :PREFIX]
    lengths = (rows > 0).sum(axis=1)
    far = (lengths > _SHORT) | ((lengths == _SHORT) & (zipf > _COMMON))
    found = []
    for most, chosen in ((2, np.flatnonzero(far)), (1, np.flatnonzero(~far))):
        keys, places = deletion_keys(prefixes[chosen], most)
        found.append((keys, chosen[places]))
    keys, numbers = (np.concatenate(each) for each in zip(*found, strict=True))
    return postings("deletions", keys, numbers)


def _swedish_pairs(lexicon: _Lexicon) -> Iterator[tuple[str, str, float]]:
    """Pairs of words with the natural log of their share of all pairs."""
    for first, second in sources.swedish_pairs():
        zipf = lexicon.frequencies.get(first, 0.0), lexicon.frequencies.get(second, 0.0)
        if all(zipf):
            by_chance = (sum(zipf) - 18) * math.log(10)
            yield first, second, max(by_chance, _LISTED + _LISTED_BY_CHANCE * by_chance)


def _swedish_context(lexicon: _Lexicon) -> Arrays:
    """Which Swedish words stand beside each other: by the list of pairs, and counted over texts."""
    logs = {(first, second): log for first, second, log in _swedish_pairs(lexicon)}
    key_of = {word: word_key(word) for pair in logs for word in pair}
    keys = [pair_key(key_of[first], key_of[second]) for first, second in logs]
    return {
        **table("pair", np.array(keys, np.uint64), logs=np.array([*logs.values()], np.float32)),
        **word_sequences.tables(sources.swedish_texts(), lambda word: lexicon.flags.get(word, 0)),
    }


def _foreign_words(language: Language) -> Arrays:
    """How frequent words are in other languages.

    Also which the dictionary of the other language that is checked has in lower case.
    """
    (other,) = set(LANGUAGES) - {language}
    others = sources.OTHER_LANGUAGES[language]
    used: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(others))
    for column, each in enumerate(others):
        for word, zipf in sources.frequencies(each, usual=True).items():
            used[word][column] = zipf
    keys = np.array([word_key(word) for word in used], np.uint64)
    forms = {text for text, _, _ in sources.Dictionary(other).forms()}
    plain = np.array([word in forms for word in used], np.bool_)
    return table("foreign", keys, zipf=np.array(list(used.values()), np.float32), plain=plain)


def build(language: Language) -> Arrays:
    lexicon = _Lexicon(sources.frequencies(language))
    _read_dictionary(language, lexicon)
    if language == "en":
        _accept_british(lexicon)
        _accept_accented(lexicon)
    for word in ADDED[language]:
        lexicon.flags[word] |= Flag.VALID
    if language == "en":
        _tell_spellings_apart(lexicon)
    candidates = _candidate_words(lexicon)
    identities = {word: number for number, word in enumerate(candidates)}
    known = list(dict.fromkeys([*lexicon.flags, *lexicon.frequencies]))
    keys = np.array([word_key(word) for word in known], np.uint64)
    flags = np.array([lexicon.flags.get(word, 0) for word in known], np.uint16)
    zipf = np.array([lexicon.frequency(word) for word in known], np.float32)
    numbers = np.array([identities.get(word, -1) for word in known], np.int32)
    rows = encode(candidates, WIDTH)
    candidate_zipf = np.array([lexicon.frequencies[word] for word in candidates], np.float32)
    shown = [
        word if lexicon.flags[word] & Flag.VALID else lexicon.shown[word] for word in candidates
    ]
    sounds = [phonetic_key(word, language) for word in candidates]
    spelt = [word.encode() for word in shown]
    if language == "en":
        own = language_model.tables(sources.english_ngrams())
    else:
        heard = encode([spoken(word, language) for word in candidates], WIDTH)
        own = {**_swedish_context(lexicon), "spoken": heard}
    return {
        **own,
        **_foreign_words(language),
        **table("word", keys, flags=flags, zipf=zipf, number=numbers),
        "rows": rows,
        "lengths": (rows > 0).sum(axis=1).astype(np.uint8),
        "letters": letter_sets(rows),
        "candidate_zipf": candidate_zipf,
        "shown": np.frombuffer(b"".join(spelt), np.uint8),
        "shown_at": np.cumsum([0, *map(len, spelt)]).astype(np.uint32),
        **_deletion_table(rows, candidate_zipf),
        **postings("sounds", *deletion_keys(encode(sounds, PREFIX), 1)),
        "sound_of": sound_hashes(sounds),
    }
