"""The text of an .odt file (OASIS OpenDocument)."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from services.content_service.domain.blocks import Block, row, to_text
from services.content_service.domain.package import Package
from services.content_service.domain.refusals import Refusal, refuse

CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_ENCRYPTED_PACKAGE = "encrypted-package"

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT = f"{_OASIS}text:1.0}}"
_TABLE = f"{_OASIS}table:1.0}}"
_OFFICE = f"{_OASIS}office:1.0}}"
_DRAW = f"{_OASIS}drawing:1.0}}"
_MAX_SPACES = 100

_LEFT_OUT = {
    f"{_TEXT}tracked-changes",  # where the deleted text is kept
    f"{_OFFICE}annotation",
    f"{_TEXT}sequence-decls",
    f"{_TEXT}hidden-text",
    f"{_TEXT}note-citation",
    f"{_TEXT}ruby-text",
}
_PARAGRAPHS = {f"{_TEXT}p", f"{_TEXT}h"}
_CELLS = {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}


def read(package: Package) -> str:
    """Body text in reading order, then its notes; tracked deletions and comments are left out."""
    encrypted = _MANIFEST in package and b"encryption-data" in package.read(_MANIFEST)
    if encrypted or _ENCRYPTED_PACKAGE in package:
        raise refuse(Refusal.PASSWORD_PROTECTED)
    body = package.xml(CONTENT).find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise refuse(Refusal.DAMAGED_FILE)
    notes: list[Element] = []
    blocks = list(_blocks(body, notes))
    for number, note in enumerate(notes, start=1):
        text = " ".join(block.text.strip() for block in _blocks(note, []))
        blocks.append(Block(f"[{number}] {text}", tight=True))
    return to_text(blocks)


def _blocks(parent: Element, notes: list[Element]) -> Iterator[Block]:
    for child in parent:
        if child.tag in _PARAGRAPHS:
            yield from _paragraph(child, notes)
        elif child.tag == f"{_TEXT}list":
            yield from _list(child, notes)
        elif child.tag == f"{_TABLE}table-row":
            yield from row([list(_blocks(cell, notes)) for cell in child if cell.tag in _CELLS])
        elif child.tag not in _LEFT_OUT:
            yield from _blocks(child, notes)


def _list(items: Element, notes: list[Element]) -> Iterator[Block]:
    for item in items:
        marker = "- "
        for block in _blocks(item, notes):
            nested = block.text.startswith("- ")
            yield Block(block.text if nested else marker + block.text, tight=True)
            marker = ""


def _paragraph(paragraph: Element, notes: list[Element]) -> Iterator[Block]:
    boxes: list[Element] = []
    yield Block("".join(_inline(paragraph, notes, boxes)))
    for box in boxes:
        yield from _blocks(box, notes)


def _inline(parent: Element, notes: list[Element], boxes: list[Element]) -> Iterator[str]:
    yield _flowing(parent.text)
    for child in parent:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            yield " " * (min(int(count), _MAX_SPACES) if count.isdecimal() else 1)
        elif child.tag == f"{_TEXT}tab":
            yield "\t"
        elif child.tag == f"{_TEXT}line-break":
            yield "\n"
        elif child.tag == f"{_TEXT}note":
            notes.append(child)
            yield f"[{len(notes)}]"
        elif child.tag == f"{_DRAW}text-box":
            boxes.append(child)
        elif child.tag not in _LEFT_OUT:
            yield from _inline(child, notes, boxes)
        yield _flowing(child.tail)


def _flowing(text: str | None) -> str:
    """White space in the XML is one space (OpenDocument 1.3, 6.1.2)."""
    if not text:
        return ""
    words = " ".join(text.split())
    return (
        (" " if text[0].isspace() else "") + words + (" " if words and text[-1].isspace() else "")
    )
