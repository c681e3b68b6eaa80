"""What every text looks like once it is out of its file, and how it is counted and named."""

import hashlib
import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_TRAILING_BLANKS = re.compile(r"[ \t]+$", re.MULTILINE)
_SPARE_BLANK_LINES = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W_]+(?:['’‑-][^\W_]+)*")

# Invisible marks that only disturb spelling and counting: soft hyphen, zero-width space, word
# joiner, byte order mark, and the marks that steer the direction of writing.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_LIGATURES = {
    0xFB00 + n: text for n, text in enumerate(["ff", "fi", "fl", "ffi", "ffl", "st", "st"])
}
_DROPPED = {"Cc", "Cs", "Cn", "Co"}


def normalise(text: str) -> str:
    """Bring a text into the one form in which texts are stored; twice is the same as once.

    Unicode NFC, lines ended by a line feed, plain spaces, no control or invisible characters,
    ligatures written out, at most one blank line in a row, nothing blank at the ends.
    """
    text = _LINE_ENDS.sub("\n", text).translate(_INVISIBLE | _LIGATURES)
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_plain, text))
    text = unicodedata.normalize("NFC", text)
    text = _TRAILING_BLANKS.sub("", text)
    return _SPARE_BLANK_LINES.sub("\n\n", text).strip()


def _plain(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category in _DROPPED:
        return ""
    return " " if category == "Zs" else character


def word_count(text: str) -> int:
    """Count runs of letters and digits; an inner apostrophe or hyphen does not end a word."""
    return sum(1 for _ in _WORD.finditer(text))


def has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)


def content_hash(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
