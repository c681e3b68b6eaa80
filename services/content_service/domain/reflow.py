"""Printed lines back into paragraphs: a PDF knows where a line stands, not what it belongs to."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

_LIST_ITEM = re.compile(r"(?:[•◦▪●○*–—-]|\(?\d{1,2}[.)]|[a-z]\))\s+\S")
_BULLET = re.compile(r"^[•◦▪●○]\s*")
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|sida|sid\.?|s\.|p\.)\s*)?[-–—]?\s*\d{1,3}\s*[-–—]?"
    r"(?:\s*(?:of|av|/|\()\s*\d{1,3}\)?)?",
    re.IGNORECASE,
)
_BROKEN_WORD = re.compile(r"([^\W\d_]+)[-‐]$")  # noqa: RUF001 - the typographic hyphen
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_SHARED_ENDINGS = {"and", "or", "to", "och", "eller", "samt", "till"}  # "hund- och kattmat"

_SAME_LINE = 0.3
_PARAGRAPH_GAP = 1.3
_INDENT = (5.0, 80.0)
_ROOM_LEFT = 0.8


@dataclass(frozen=True)
class Line:
    """A printed line; `x` and `y` in points from the lower left corner of its page."""

    text: str
    x: float
    y: float


def reflow(pages: list[list[Line]]) -> str:
    """Paragraphs, an empty line between them; words broken at a line end are joined again."""
    pages = [_without_page_number(page) for page in pages]
    leading = _leading(pages)
    pages = [_whole_lines(page, leading) for page in pages]
    lines = [line for page in pages for line in page]
    if not lines:
        return ""
    shape = _Shape.of(lines, leading)
    text = lines[0].text
    vocabulary = {word.lower() for line in lines for word in re.findall(r"\w+-\w+", line.text)}
    for above, below in pairwise(lines):
        separator = shape.separator(above, below)
        text = text + separator + below.text if separator else _join(text, below.text, vocabulary)
    return "\n".join(_BULLET.sub("- ", line) for line in text.split("\n"))


@dataclass(frozen=True)
class _Shape:
    """How the body of this document is set."""

    leading: float
    left: float
    full: int

    @classmethod
    def of(cls, lines: list[Line], leading: float) -> "_Shape":
        return cls(
            leading=leading,
            left=Counter(round(line.x) for line in lines).most_common(1)[0][0],
            full=sorted(len(line.text) for line in lines)[len(lines) * 9 // 10],
        )

    def separator(self, above: Line, below: Line) -> str:
        """Tell the end of a paragraph or list item from a mere line end, which is empty here."""
        if _LIST_ITEM.match(below.text):
            return "\n" if _LIST_ITEM.match(above.text) else "\n\n"
        gap = above.y - below.y
        if gap > self.leading * _PARAGRAPH_GAP or self._opens(above, below):
            return "\n\n"
        return "\n\n" if self._had_room(above, below) else ""

    def _opens(self, above: Line, below: Line) -> bool:
        """Tell a paragraph's indented first line from the hanging lines of a list item."""
        listed = _LIST_ITEM.match(above.text)
        return not listed and self._indented(below) and not self._indented(above)

    def _indented(self, line: Line) -> bool:
        narrowest, widest = _INDENT
        return narrowest < line.x - self.left < widest

    def _had_room(self, above: Line, below: Line) -> bool:
        """Tell whether the next word would have fitted above, so that the writer ended the line."""
        if _BROKEN_WORD.search(above.text):
            return False
        next_word = below.text.split(maxsplit=1)[0]
        return len(above.text) + 1 + len(next_word) < self.full * _ROOM_LEFT


def _leading(pages: list[list[Line]]) -> float:
    """Measure the usual step from line to line; 0 if no line follows another."""
    gaps = [above.y - below.y for page in pages for above, below in pairwise(page)]
    steps = [gap for gap in gaps if gap > 1]
    return median(steps) if steps else 0.0


def _whole_lines(page: list[Line], leading: float) -> list[Line]:
    """Join what stands at nearly one height, such as a raised mark and the words around it."""
    whole: list[Line] = []
    for line in page:
        if whole and abs(whole[-1].y - line.y) < leading * _SAME_LINE:
            whole[-1] = replace(whole[-1], text=f"{whole[-1].text} {line.text}")
        else:
            whole.append(line)
    return whole


def _join(text: str, below: str, vocabulary: set[str]) -> str:
    tail = text[-100:]  # bounded, however long the text has become
    broken = _BROKEN_WORD.search(tail)
    first = _FIRST_WORD.match(below)
    if tail.endswith("\N{SOFT HYPHEN}"):
        return text[:-1] + below
    if broken is None or first is None:
        return f"{text} {below}"
    if first.group() in _SHARED_ENDINGS:
        return f"{text} {below}"
    hyphenated = f"{broken.group(1)}-{first.group()}".lower()
    if not first.group()[0].islower() or hyphenated in vocabulary:
        return text + below
    return text[:-1] + below


def _without_page_number(page: list[Line]) -> list[Line]:
    if page and _PAGE_NUMBER.fullmatch(page[-1].text):
        page = page[:-1]
    if page and _PAGE_NUMBER.fullmatch(page[0].text):
        page = page[1:]
    return page
