"""The words of a text with their exact places. One pass, linear in the length of the text."""

import re
import unicodedata
from dataclasses import dataclass

_LETTER = r"[^\W\d_][\u0300-\u036f\u00ad]*"
_WORD = re.compile(rf"(?:{_LETTER})+(?:['’](?:{_LETTER})+)*")
_CHUNK = re.compile(r"\S+")
_ADDRESS = re.compile(
    r"@|://|^\W?www\.|\\|\.(?:com|org|net|edu|gov|info|se|uk|nu|eu|html?|pdf|docx?|txt)\b"
)
_SENTENCE_END = frozenset(".!?…:;\n\r\t•*|")
_BEHIND_COLON = frozenset(
    ("a", "ade", "ar", "at", "en", "ens", "er", "erna", "et", "ets", "n", "na", "ns", "s", "t")
)
"""What Swedish adds to abbreviations: `sms:ade`."""
_TITLES = frozenset(("mr", "mrs", "ms", "dr", "prof"))
_OPENING = frozenset("\"“”„»«([{'‘’-–—*>")
_LATIN_1 = 0x100


@dataclass(frozen=True, slots=True)
class Token:
    """`word` is what a dictionary would have: composed, straight apostrophe, case kept."""

    start: int
    end: int
    text: str
    word: str
    lower: str
    opens_sentence: bool
    hyphenated: bool
    quoted: bool
    skipped: bool

    @property
    def capitalised(self) -> bool:
        return self.word[0].isupper()


def _normal(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text).replace("’", "'").replace("\u00ad", "")


def _left_alone(word: str) -> bool:
    """Acronyms, camel case, units (`cm³`), and what has letters that neither language has."""
    return (
        (len(word) > 1 and not word[1:].islower())
        or any(ord(letter) >= _LATIN_1 or letter.isnumeric() for letter in word)
        or not word[0].isalpha()
    )


def tokenise(text: str) -> list[Token]:
    """Every word of `text`, in order; addresses, hashtags and words with digits as skipped ones."""
    tokens: list[Token] = []
    quotes = _Quotes(text, _DOUBLE), _Quotes(text, _SINGLE)
    reached = 0
    opens = True
    for chunk in _CHUNK.finditer(text):
        piece = chunk.group()
        address = piece[0] in "#@" or _ADDRESS.search(piece) is not None
        for match in _WORD.finditer(piece):
            start, end = chunk.start() + match.start(), chunk.start() + match.end()
            if not opens and not (tokens[-1].lower in _TITLES and text[reached:start] == ". "):
                opens = _begins_sentence(text, reached, start)
            word = _normal(match.group())
            before, after = text[start - 1 : start], text[end : end + 1]
            inflects = (
                before == ":" and text[start - 2 : start - 1].isalnum() and word in _BEHIND_COLON
            )
            beside_digit = before.isdigit() or after.isdigit() or before == "_" or after == "_"
            tokens.append(
                Token(
                    start,
                    end,
                    match.group(),
                    word,
                    word.lower(),
                    opens,
                    before in {"-", "‑"} or after in {"-", "‑"},
                    any(each.around(start) for each in quotes),
                    address or inflects or beside_digit or _left_alone(word),
                )
            )
            opens = False
            reached = end
    return tokens


def _begins_sentence(text: str, left: int, right: int) -> bool:
    """Whether what stands between two words ends a sentence, or opens a quotation."""
    between = text[left:right] if right - left < 64 else text[left : left + 64]  # noqa: PLR2004
    # What stands right behind a word or its comma closes a quotation: `patients," Mailis said`.
    opening = between.lstrip(",\"”»'’").lstrip("-–'’ ")
    return any(sign in _SENTENCE_END for sign in between) or any(
        sign in _OPENING for sign in opening
    )


_LONGEST_QUOTATION = 400
_DOUBLE = re.compile(r"(?P<opening>(?P<closing>[\"“”„»«]))|\n")
_SINGLE = re.compile(r"(?P<opening>(?<!\w)['‘](?=[^\W\d_]))|(?P<closing>(?<=[.,!?…])['’](?!\w))|\n")
"""An apostrophe is no quotation mark: one that closes stands behind a stop."""


class _Quotes:
    """Whether a place lies between a pair of quotation marks of one paragraph."""

    def __init__(self, text: str, marks: re.Pattern[str]) -> None:
        self._spans: list[tuple[int, int]] = []
        opened = -1
        for match in marks.finditer(text):
            place = match.start()
            too_far = opened < 0 or place - opened > _LONGEST_QUOTATION
            if match["closing"] and opened >= 0:
                if not too_far:
                    self._spans.append((opened, place))
                opened = -1
            elif not match["opening"]:
                opened = -1
            elif too_far:
                opened = place
        self._next = 0

    def around(self, place: int) -> bool:
        """Places must be asked for in rising order."""
        while self._next < len(self._spans) and self._spans[self._next][1] < place:
            self._next += 1
        return self._next < len(self._spans) and self._spans[self._next][0] < place
