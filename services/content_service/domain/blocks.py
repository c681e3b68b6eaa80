"""Paragraphs, list items and table rows on their way to plain text."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """One paragraph.

    `tight` blocks (list items, table rows) follow one another without a blank line between them;
    `runs_on` says that the next block continues this one.
    """

    text: str
    tight: bool = False
    runs_on: bool = False


def to_text(blocks: Iterable[Block]) -> str:
    parts: list[str] = []
    previous = Block("", runs_on=True)
    for block in blocks:
        if not previous.runs_on:
            parts.append("\n" if previous.tight and block.tight else "\n\n")
        parts.append(block.text)
        previous = block
    return "".join(parts)


def row(cells: list[list[Block]]) -> list[Block]:
    """Make one line of a row whose cells hold one paragraph each.

    Otherwise the table is a frame around running text, and its paragraphs stay paragraphs.
    """
    filled = [[block for block in cell if block.text.strip()] for cell in cells]
    filled = [cell for cell in filled if cell]
    if len(cells) > 1 and all(len(cell) == 1 for cell in filled):
        line = "\t".join(cell[0].text.strip() for cell in filled)
        return [Block(line, tight=True)] if line else []
    return [block for cell in filled for block in cell]
