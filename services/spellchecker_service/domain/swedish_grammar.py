"""Which form of a Swedish word stands behind which word: `ska` + infinitive, `har` + supine.

The table of word pairs has the commonest ones only. The dictionary's suffix classes tell the forms
of verbs, nouns and adjectives, and function words demand one. How strongly was counted over
treebanks of edited text and rounded. The tags are bits beside those of `Flag`.
"""

from functools import cache

INFINITIVE = 1 << 5
PRESENT = 1 << 6
PAST = 1 << 7
SUPINE = 1 << 8
SINGULAR = 1 << 9
PLURAL = 1 << 10
DEFINITE = 1 << 11
NEUTER = 1 << 12
ADJECTIVE = 1 << 13
_ALL = (1 << 14) - INFINITIVE
_VERB = INFINITIVE | PRESENT | PAST | SUPINE
NOUN = SINGULAR | PLURAL | DEFINITE

_VERB_SUFFIXES = frozenset("mKMLN")
_NEUTER_SUFFIXES = frozenset("BC")
_DEFINITE_SUFFIXES = frozenset("DEF")
_PLURAL_SUFFIXES = frozenset("GHIJ")
_NOUN_SUFFIXES = _NEUTER_SUFFIXES | _DEFINITE_SUFFIXES | _PLURAL_SUFFIXES
_GRADED_SUFFIXES = frozenset("OPQ")
_SUPINE_ENDINGS = ("it", "at", "tt", "kt", "pt", "gt", "rt", "st", "lt", "mt", "nt")

_CLASSES = (
    ("inf", INFINITIVE, INFINITIVE),
    ("fin", PRESENT, PRESENT),
    ("fin", PAST, PAST),
    ("sup", SUPINE, SUPINE),
    ("adj", ADJECTIVE | NEUTER | PLURAL, ADJECTIVE),
    ("adj-t", ADJECTIVE | NEUTER, ADJECTIVE | NEUTER),
    ("adj-a", ADJECTIVE | PLURAL, ADJECTIVE | PLURAL),
    ("en", SINGULAR | NEUTER | ADJECTIVE, SINGULAR),
    ("ett", SINGULAR | NEUTER | ADJECTIVE, SINGULAR | NEUTER),
    ("pl", PLURAL | ADJECTIVE, PLURAL),
    ("def", DEFINITE | ADJECTIVE, DEFINITE),
)
"""Names of what a form may be: the bits to look at, and what they must be."""

_PREPOSITIONS = "fin -3, sup -3, inf -1, def 1, adj-a 0.4"
_BEHIND = {
    """att ska skall skulle kan kunde kunna vill ville måste får fick få bör borde brukar brukade
    behöver behövde behöva börjar började lär slipper orkar vågar hinner försöker försökte försöka
    tänker tänkte låta låter""": "inf 2, fin -3, sup -2, adj -1, adj-t -1.5, pl -1.5",
    "har hade ha haft": "sup 3, adj-t 0.7, fin -2, inf -1.5, def -0.7, en -0.6",
    "jag du han hon vi ni": "fin 1.8, inf -2.5, sup -0.5, def -2.5, en -1.2, ett -1.2, adj-a -1.5",
    "som": "fin 1.2, inf -3, sup 0.8, en -0.5, pl -0.9, def -0.6, adj-a -1.1",
    "man": "fin 1.7, inf -2.5, def -2, en -1, ett -0.4, pl -0.5, adj-a -1",
    "en": "en 1.3, adj 1, ett -1, pl -2, def -3, fin -4, inf -2, sup -3, adj-a -2, adj-t -0.8",
    "min din sin någon ingen vår er": """
        en 1.6, adj-a 0.8, ett -1.2, pl -2.5, def -4, fin -2, inf -1.5, adj -1, adj-t -2""",
    "ett": "ett 1.4, adj-t 2.1, en -1.6, pl -2.3, def -4, fin -3, inf -2.2, adj-a -3, adj -1.2",
    "mitt ditt sitt vårt ert": """
        ett 1.6, adj-a 0.8, en -3, pl -1.5, def -3, fin -3, inf -1.2, adj -3""",
    "något inget": "ett 1.1, adj-t 2, en -1.2, pl -0.5, def -2, fin -1, inf -1",
    """mina dina sina våra era många alla olika flera några två tre fyra fem tio
    vissa""": "pl 2.1, adj-a 1.2, en -0.6, def -2, fin -1, inf -1.5, adj -1.5, adj-t -3",
    "deras hans hennes": "en 0.9, ett 0.6, pl 0.9, adj-a 0.8, def -3, fin -2, inf -1.5, adj -2",
    "den": "adj-a 2, def 0.5, en 0.2, ett -1.7, adj -0.8, adj-t -2, fin -0.7, inf -0.7",
    "de dom": "adj-a 1.4, fin 1, pl 0.5, def -1.3, ett -1, adj-t -1, en -0.6, inf -0.5",
    "det": "fin 0.7, adj-a 1, inf -1.3, def -0.7, en -0.6, ett -0.6",
    "här": "def 2.3, en -1.4, ett -1.3, inf -2, pl -2",
    """är var blir bli blev vara
    varit""": "adj-t 1.6, adj 0.8, adj-a 0.7, fin -2.5, inf -0.8, pl -0.9, en -0.5, def -0.5",
    "mycket": "adj-t 1.7, adj 0.5, def -1.5, inf -1.5, fin -1",
    "så": "adj-t 1.4, adj 0.5, def -1, inf -1.5",
    "andra": "pl 1.5, def 1, en -1, adj -1.4, adj-t -2, fin -0.7, inf -1.8",
    "nya": "pl 1.6, def 0.5, adj -1.8, adj-t -1, fin -2.5, inf -2.5",
    "hela första": "def 1.8, adj -1.5, adj-a -1, adj-t -1.5, ett -1.2, pl -2, fin -2, inf -2",
    "varje": "en 1.3, def -2.3, pl -2, adj -2.5, adj-a -1.5, adj-t -1.5, fin -2.3, inf -2.2",
    "bra": "ett 0.9, def -2.5, adj -1.3, adj-a -2, fin -1.4, inf -2.5",
    "när eftersom": "fin -3, inf -1.5, adj-a -2.3, adj-t -1.8, sup -1.2, pl -0.8",
    "mig dig sig": "adj-t 1.5, adj-a 0.9, fin -1.5, pl -0.7, def -0.7",
    "finns": "adj-a 1.2, pl 0.7, fin -2.4, adj-t -1.5, def -0.9",
    "vad då": "fin 0.9, adj-a -1.8, adj-t -1.5, pl -1.4, sup -0.8",
    "eller": "inf 0.9, def -0.8, sup -1.2",
    "i på genom från under över mellan till": _PREPOSITIONS,
    "för med av om utan efter mot vid hos": _PREPOSITIONS.replace("def 1", "def 0.4"),
}
_BEFORE = {
    "jag du han hon vi ni man": """
        fin 1.3, def -1.2, en -0.8, ett -0.6, pl -0.4, adj-a -1, adj-t -3, sup -2.5""",
    "mig dig sig honom henne oss dem": """
        inf 1, fin 1.2, sup 1.8, pl -2, def -1.6, adj -1.2, adj-a -2.5, adj-t -0.9""",
    """min din sin mitt ditt sitt mina dina sina vår vårt våra deras hans
    hennes""": "inf 1, fin 0.5, pl -1.8, def -1.6, adj -0.9, adj-t -1, adj-a -1",
    "en ett": "sup 0.8, inf 0.4, fin 0.3, pl -1.2, def -1, adj-a -0.8, adj-t -1",
    "den det de dom denna detta dessa": "fin 0.6, def -2, pl -0.9, en -1.1, adj-a -1.5",
    "alla många några flera": "fin 0.5, inf 0.4, def -2, pl -2.3, en -1.3, adj-a -1.5",
    "upp ut in ner fram bort tillbaka": """
        inf 1.5, fin 1.3, sup 1.5, adj -0.8, en -0.5, pl -1.2, adj-t -0.8""",
    "inte aldrig alltid också": "fin 1, inf -1.8, sup -2.2, adj-t -2, adj-a -2",
    "som": "pl 1.4, def 0.7, en 0.5, ett 0.6, inf -1.5, fin -1, adj -0.8, sup -1",
    "att": "ett 0.9, adj-t 0.8, fin 0.9, adj -0.8, adj-a -1.7, def -0.6, sup -1",
    "och eller": "pl 0.9, en 0.7, def 0.9, fin -0.8",
    "av": "adj-t 1.1, adj-a -1.4, ett -0.9, inf -1.8, sup -1.1",
    "på till": "sup 0.9, inf 0.7, fin 0.5, adj-a -1.8, adj-t -0.9",
    "om": "fin 1, inf 0.7, adj -0.9, adj-a -1.1, ett -0.8",
    "mycket bra": "fin 0.9, inf 0.8, sup 0.5, en -1.5, ett -0.8, pl -2.2, def -1.9",
    """är var kan kunde har hade ska skulle kommer måste vill
    blir""": "fin -3, sup -1.5, inf -1.2, def 0.8, adj-a -1.2, adj-t -0.7",
}
_BEHIND_CLASS = {
    "inf": "fin -2, sup -1.5, inf -0.7, adj-t -1, def 0.5",
    "fin": "fin -3, sup -2, inf -1, adj-a -0.7, pl -0.5",
    "adj": "en 1, pl -1.5, def -0.7, fin -1, inf -0.8, sup -1.5, adj-t -1, adj-a -0.7",
    "adj-a": "pl 1.6, def 1.3, en 0.4, fin -1.5, inf -1.5, sup -2.5, adj -1.3, adj-t -0.7",
    "adj-t": "ett 0.8, en -0.8, pl -1, def -1.7",
    "en": "def -1.3, inf -1.2, adj-a -1.4, adj-t -1, pl -0.6",
    "ett": "def -1.5, inf -0.8, adj-a -1, adj-t -0.8",
    "pl": "inf -1.3, en -0.6, def -0.7, adj -0.6, adj-a -0.6",
    "def": "def -2.2, en -0.7, pl -1, adj-a -1, fin 0.7, inf -0.7",
}
_BEFORE_CLASS = {
    "inf": "adj-a -1.4, pl -1.3, def -1, en -0.7",
    "fin": "fin -4, inf -1.5, adj-a -1, ett 0.8, def 0.4",
    "adj": "adj 0.8, pl -0.9, def -0.7, ett -0.7, adj-a -0.7",
    "adj-a": "def -1.6, pl -0.9, ett -0.8, en -0.6, fin -0.6",
    "adj-t": "def -1, ett -0.8, adj-a -0.8, pl -0.7",
    "en": "adj 0.9, def -1, adj-t -0.8, pl -0.6",
    "ett": "adj-t 1.3, adj-a 0.6, pl -0.5",
    "pl": "adj-a 1.7, inf 0.6, adj -1.1, adj-t -1.4, def -1.4",
    "def": "adj-a 1.3, inf 0.6, adj -0.9, adj-t -1.7, def -2.5",
}
Likelier = dict[str, float]
"""By class, how much likelier than by chance it stands there, in nats."""


def _read(values: str) -> Likelier:
    return {name: float(value) for name, value in (each.split() for each in values.split(","))}


def _by_word(table: dict[str, str]) -> dict[str, Likelier]:
    return {word: _read(values) for words, values in table.items() for word in words.split()}


_LIKELIER_BEHIND = _by_word(_BEHIND)
_LIKELIER_BEFORE = _by_word(_BEFORE)
_LIKELIER_BEHIND_CLASS = {name: _read(values) for name, values in _BEHIND_CLASS.items()}
_LIKELIER_BEFORE_CLASS = {name: _read(values) for name, values in _BEFORE_CLASS.items()}
PASSED_OVER = frozenset(("inte", "aldrig", "alltid", "också", "bara", "redan", "ofta", "gärna"))
"""Adverbs that may stand between a word and what it demands."""
SUBJECTS = frozenset(("jag", "du", "han", "hon", "vi", "ni", "de", "dom", "man", "det", "den"))
_AUXILIARIES = """
ska skall skulle kan kunde vill ville måste får fick bör borde brukar brukade behöver behövde börjar
började har hade
"""
AUXILIARIES = frozenset(_AUXILIARIES.split())
"""They demand a form of the verb behind the subject too: `kan han se`, `har vi sett`."""


def tags(stem: str, stem_flags: str, text: str, suffix: str) -> int:
    """What `text` is, formed from `stem` by the suffix class `suffix` (empty: the stem itself)."""
    if stem.endswith(("a", "å", "e", "o")) and not _VERB_SUFFIXES.isdisjoint(stem_flags):
        return _verb_form(text, suffix) if suffix else INFINITIVE
    graded = not _GRADED_SUFFIXES.isdisjoint(stem_flags)
    if graded and suffix in {"", "O", "M"}:
        ending = NEUTER if text.endswith("t") else PLURAL
        return ADJECTIVE | (ending if suffix else 0)
    if suffix and text.endswith("s"):
        return 0
    return _noun_form(stem, stem_flags, text, suffix)


def _noun_form(stem: str, stem_flags: str, text: str, suffix: str) -> int:
    is_neuter = stem.endswith("um") or not _NEUTER_SUFFIXES.isdisjoint(stem_flags)
    neuter = NEUTER if is_neuter else 0
    if not suffix:
        return 0 if _NOUN_SUFFIXES.isdisjoint(stem_flags) else SINGULAR | neuter
    if suffix in _NEUTER_SUFFIXES:
        return DEFINITE | NEUTER
    if suffix in _PLURAL_SUFFIXES:
        return DEFINITE if text.endswith("na") else PLURAL
    if suffix in _DEFINITE_SUFFIXES:
        # After `arbete` comes `arbeten`, after `flicka` comes `flickan`.
        return PLURAL if neuter and suffix == "E" else DEFINITE
    return 0


def _verb_form(text: str, suffix: str) -> int:
    if suffix in "mKM":
        if text.endswith("r"):
            return PRESENT
        return SUPINE if text.endswith(_SUPINE_ENDINGS) else PAST
    if suffix == "P":
        if text.endswith("de"):
            return PAST
        return SUPINE if text.endswith("t") else ADJECTIVE
    return 0


@cache
def _classes(found: int) -> tuple[str, ...]:
    return tuple({name: 0 for name, mask, wanted in _CLASSES if found & mask == wanted})


def word_class(flags: int) -> int:
    """All that the tags say of a word; 0 where nothing is known."""
    return flags & _ALL


def is_neuter_noun(found: int) -> bool:
    """Whether a form with the tags `found` is a neuter noun as it stands in a dictionary."""
    return "ett" in _classes(found)


def agreement(before: str, tags_before: int, found: int, behind: str, tags_behind: int) -> float:
    """How much likelier than by chance a form with the tags `found` stands there, in nats.

    `before` and `behind` are the words beside it, or empty. A form that can be several things is
    the likeliest of them; one that is none of these tells nothing.
    """
    classes = _classes(found)
    if not classes:
        return 0.0
    value = 0.0
    for likelier in (
        _LIKELIER_BEHIND.get(before) or _by_class(_LIKELIER_BEHIND_CLASS, tags_before),
        _LIKELIER_BEFORE.get(behind) or _by_class(_LIKELIER_BEFORE_CLASS, tags_behind),
    ):
        if likelier is not None:
            value += max(likelier.get(name, 0.0) for name in classes)
    return value


def _by_class(table: dict[str, Likelier], tags: int) -> Likelier | None:
    """What a word beside it tells that can be one thing only."""
    classes = _classes(tags)
    return table.get(classes[0]) if len(classes) == 1 else None
