"""The words that an English contraction stands for: `don't` is `do not`.

Tables of word pairs know words only; what stands beside a contraction is beside one of its words.
"""

_LAST = {
    "n't": "not", "'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would", "'s": "is",
}  # fmt: skip
_FIRST = {"can't": "can", "won't": "will", "shan't": "shall"}
_WITH_IS = frozenset(
    ("it", "he", "she", "that", "this", "there", "here", "what", "who", "where", "how")
)
"""Behind other words `'s` mostly tells whose."""


def _parts(word: str) -> tuple[str, str]:
    for short, whole in _LAST.items():
        first = word.removesuffix(short)
        if first != word and (short != "'s" or first in _WITH_IS):
            return _FIRST.get(word, first), whole
    return "", ""


def last_part(word: str) -> str:
    """What stands before the next word; empty if that is not known."""
    return _parts(word)[1] if "'" in word else word


def first_part(word: str) -> str:
    """What stands behind the word before; empty if that is not known."""
    return _parts(word)[0] if "'" in word else word
