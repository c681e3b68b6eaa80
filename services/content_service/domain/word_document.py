"""The text of a .docx file (ECMA-376, WordprocessingML)."""

from collections.abc import Iterator
from posixpath import normpath
from xml.etree.ElementTree import Element

from services.content_service.domain.blocks import Block, row, to_text
from services.content_service.domain.package import Package
from services.content_service.domain.refusals import Refusal, refuse

_NAMESPACES = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_RELATIONSHIPS = "_rels/.rels"
_MAIN_PART = "/officeDocument"
_DELETED = {"del", "moveFrom"}
_OFF = {"0", "false", "off", "none"}
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


def main_part(package: Package) -> str | None:
    """Name the document part, as the package's relationships give it."""
    if _RELATIONSHIPS not in package:
        return None
    for relationship in package.xml(_RELATIONSHIPS):
        if relationship.get("Type", "").endswith(_MAIN_PART):
            return normpath(relationship.get("Target", "").lstrip("/"))
    return None


def read(package: Package, document: str) -> str:
    """Body text in reading order, then the footnotes and endnotes that it refers to.

    Tracked deletions, hidden text, comments, headers and footers are left out.
    """
    body = _child(package.xml(document), "body")
    if body is None:
        raise refuse(Refusal.DAMAGED_FILE)
    folder = document.rpartition("/")[0]
    notes = _Notes()
    blocks = list(_blocks(body, notes))
    for kind in ("footnote", "endnote"):
        part = f"{folder}/{kind}s.xml".lstrip("/")
        if part in package:
            blocks += notes.blocks(kind, package.xml(part))
    return to_text(blocks)


class _Notes:
    """Numbers the notes in the order in which the text refers to them."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def mark(self, kind: str, note_id: str) -> str:
        number = self._numbers.setdefault((kind, note_id), len(self._numbers) + 1)
        return f"[{number}]"

    def blocks(self, kind: str, part: Element) -> Iterator[Block]:
        by_id = {_attribute(note, "id"): note for note in part if _name(note) == kind}
        for wanted_kind, note_id in list(self._numbers):
            if wanted_kind == kind and note_id in by_id:
                texts = (block.text.strip() for block in _blocks(by_id[note_id], _Notes()))
                text = " ".join(filter(None, texts))
                yield Block(f"{self.mark(kind, note_id)} {text}", tight=True)


def _blocks(parent: Element, notes: _Notes) -> Iterator[Block]:
    for child in parent:
        name = _name(child)
        if name == "p":
            yield from _paragraph(child, notes)
        elif name == "tbl":
            for table_row in _rows(child, "tr"):
                cells = [list(_blocks(cell, notes)) for cell in _rows(table_row, "tc")]
                yield from row(cells)
        elif name not in _DELETED and child.tag != _FALLBACK:
            yield from _blocks(child, notes)


def _rows(parent: Element, wanted: str) -> Iterator[Element]:
    """Rows or cells, also those inside content controls and tracked insertions."""
    for child in parent:
        name = _name(child)
        if name == wanted:
            yield child
        elif name not in _DELETED and name != "tbl":
            yield from _rows(child, wanted)


def _paragraph(paragraph: Element, notes: _Notes) -> Iterator[Block]:
    boxes: list[Element] = []
    text = "".join(_inline(paragraph, notes, boxes))
    properties = _child(paragraph, "pPr")
    listed = properties is not None and _child(properties, "numPr") is not None
    mark = None if properties is None else _child(properties, "rPr")
    joined = mark is not None and _child(mark, "del") is not None
    yield Block(
        f"- {text}" if listed and text.strip() else text,
        tight=listed,
        runs_on=joined,
    )
    for box in boxes:
        yield from _blocks(box, notes)


def _inline(parent: Element, notes: _Notes, boxes: list[Element]) -> Iterator[str]:
    for child in parent:
        name = _name(child)
        if name == "t":
            yield child.text or ""
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        elif name in ("footnoteReference", "endnoteReference"):
            yield notes.mark(name.removesuffix("Reference"), _attribute(child, "id"))
        elif name == "txbxContent":
            boxes.append(child)
        elif name in _DELETED or child.tag == _FALLBACK or (name == "r" and _is_hidden(child)):
            continue
        elif name not in ("pPr", "rPr"):
            yield from _inline(child, notes, boxes)


def _is_hidden(run: Element) -> bool:
    properties = _child(run, "rPr")
    vanish = None if properties is None else _child(properties, "vanish")
    return vanish is not None and _attribute(vanish, "val") not in _OFF


def _name(element: Element) -> str:
    """Strip the namespace of WordprocessingML; other vocabularies have no name here."""
    for namespace in _NAMESPACES:
        if element.tag.startswith(namespace):
            return element.tag.removeprefix(namespace)
    return ""


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _name(child) == name), None)


def _attribute(element: Element, name: str) -> str:
    return next(
        (
            element.get(namespace + name, "")
            for namespace in _NAMESPACES
            if namespace + name in element.attrib
        ),
        "",
    )
