"""What form of an English word it is, by the dictionary's affix classes; bits beside `Flag`'s."""

BASE = 1 << 5
THIRD = 1 << 6
PAST = 1 << 7
GERUND = 1 << 8
SINGULAR = 1 << 9
PLURAL = 1 << 10
ADJECTIVE = 1 << 11
ADVERB = 1 << 12

_VERB = frozenset("DG")
_NOUN = frozenset("MZJ")
_GRADED = frozenset("YPT")
_BY_SUFFIX = {
    "D": PAST, "G": GERUND, "J": PLURAL, "Z": PLURAL, "X": PLURAL, "N": SINGULAR, "L": SINGULAR,
    "P": SINGULAR, "R": SINGULAR, "T": ADJECTIVE, "V": ADJECTIVE, "B": ADJECTIVE, "Y": ADVERB,
}  # fmt: skip


def tags(stem_flags: str, suffix: str) -> int:
    """The tags of what the affix class `suffix` makes of a stem (empty: the stem itself)."""
    verb = not _VERB.isdisjoint(stem_flags)
    noun = not _NOUN.isdisjoint(stem_flags)
    if not suffix:
        graded = ADJECTIVE if not _GRADED.isdisjoint(stem_flags) else 0
        return (BASE if verb else 0) | (SINGULAR if noun else 0) | graded
    if suffix == "S":
        return (THIRD if verb else 0) | (PLURAL if noun or not verb else 0)
    return _BY_SUFFIX.get(suffix, 0)
