"""Which form of a Swedish word stands behind which word: `ska` + infinitive, `har` + supine.

There is no table of Swedish word pairs, but the dictionary's suffix classes tell the forms of verbs
and nouns, and a few dozen function words demand one. The tags are bits beside those of `Flag`.
"""

INFINITIVE = 1 << 5
PRESENT = 1 << 6
PAST = 1 << 7
SUPINE = 1 << 8
SINGULAR = 1 << 9
PLURAL = 1 << 10
_VERB = INFINITIVE | PRESENT | PAST | SUPINE
_NOUN = SINGULAR | PLURAL

_VERB_SUFFIXES = frozenset("mKMLN")
_NOUN_SUFFIXES = frozenset("CDEFGHIJ")
_PLURAL_SUFFIXES = frozenset("GHI")
_SUPINE_ENDINGS = ("it", "at", "tt", "kt", "pt", "gt", "rt", "st", "lt", "mt", "nt")

_EXPECTED = {
    INFINITIVE: """att ska skall skulle kan kunde vill ville måste får fick bör borde brukar brukade
        behöver behövde börjar började lär slipper orkar vågar hinner försöker försökte tänker
        tänkte låta låter""",
    SUPINE: "har hade ha",
    PRESENT | PAST: "jag du han hon vi ni de dom man som",
    SINGULAR: """en ett min din sin mitt ditt sitt vår vårt ingen inget någon något varje vilken
        vilket""",
    PLURAL: "många alla flera några två tre fyra fem tio olika mina dina sina våra andra vissa",
}
_BY_WORD = {word: tags for tags, words in _EXPECTED.items() for word in words.split()}

FITS = 1.2
CLASHES = -0.7


def tags(stem: str, stem_flags: str, text: str, suffix: str) -> int:
    """What `text` is, formed from `stem` by the suffix class `suffix` (empty: the stem itself)."""
    verb = stem.endswith("a") and not _VERB_SUFFIXES.isdisjoint(stem_flags)
    if not suffix:
        if verb:
            return INFINITIVE
        return 0 if _NOUN_SUFFIXES.isdisjoint(stem_flags) else SINGULAR
    if verb and suffix in "mKM":
        if text.endswith("r"):
            return PRESENT
        return SUPINE if text.endswith(_SUPINE_ENDINGS) else PAST
    if suffix in _PLURAL_SUFFIXES and not verb and text.endswith("r"):
        return PLURAL
    return 0


def agreement(before: str, found: int) -> float:
    """How well a form with tags `found` stands behind the word `before`, in nats."""
    expected = _BY_WORD.get(before, 0)
    if not expected or not found & (_VERB | _NOUN):
        return 0.0
    return FITS if found & expected else CLASHES
