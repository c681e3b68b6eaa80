"""Take the Swedish word pairs out of Tesseract's data, for the spelling engine.

    npm pack @tesseract.js-data/swe
    python scripts/swedish_pairs.py tesseract.js-data-swe-1.0.0.tgz

The package brings `swe.traineddata` of Tesseract 4.0 (Apache-2.0), which has the commonest pairs of
words on Swedish web pages as a graph of letters. What is written has a line for each first word,
with the words that follow it.
"""

import argparse
import gzip
import lzma
import re
import struct
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

TARGET = "services/spellchecker_service/domain/swedish_pairs.txt.xz"
_MEMBER = "package/4.0.0/swe.traineddata.gz"
_UNICHARSET, _PAIRS = 1, 14
"""Places in the table of contents."""
_MARKERS = 3
"""Bits of an edge between its letter and the edge it leads to: last of its node, direction, end."""
_LAST, _END = 1, 4
_WORD = re.compile(r"[a-zåäöéèáàü]+(?:-[a-zåäö]+)*")


def _component(data: bytes, number: int) -> bytes:
    (count,) = struct.unpack_from("<i", data)
    starts = struct.unpack_from(f"<{count}q", data, 4)
    return data[starts[number] : min([s for s in starts if s > starts[number]] or [len(data)])]


def _letters(unicharset: bytes) -> list[str]:
    lines = unicharset.decode().splitlines()[1:]
    return [line.split(" ")[0].replace("NULL", " ") for line in lines]


def _entries(graph: bytes, letters: list[str]) -> Iterator[str]:
    """Each path through the graph whose last edge ends an entry."""
    _, size, _ = struct.unpack_from("<hii", graph)
    width = size.bit_length()
    edges = np.frombuffer(graph, "<u8", offset=struct.calcsize("<hii"))
    letter = (edges & np.uint64((1 << width) - 1)).tolist()
    marks = (edges >> np.uint64(width) & np.uint64((1 << _MARKERS) - 1)).tolist()
    leads_to = (edges >> np.uint64(width + _MARKERS)).tolist()
    nowhere = (1 << 64 - width - _MARKERS) - 1
    open_nodes = [(0, "")]
    while open_nodes:
        edge, path = open_nodes.pop()
        while True:
            longer = path + letters[letter[edge]]
            if marks[edge] & _END:
                yield longer
            if leads_to[edge] not in {0, nowhere}:
                open_nodes.append((leads_to[edge], longer))
            if marks[edge] & _LAST:
                break
            edge += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("target", type=Path, nargs="?", default=Path(TARGET))
    given = parser.parse_args()
    with tarfile.open(given.package) as package:
        member = package.extractfile(_MEMBER)
        if member is None:
            parser.error(f"{given.package} has no {_MEMBER}")
        data = gzip.decompress(member.read())
    followers: dict[str, set[str]] = defaultdict(set)
    for entry in _entries(_component(data, _PAIRS), _letters(_component(data, _UNICHARSET))):
        words = entry.lower().split(" ")
        if len(words) == 2 and all(map(_WORD.fullmatch, words)):  # noqa: PLR2004 -- a pair
            followers[words[0]].add(words[1])
    lines = [f"{first} {' '.join(sorted(behind))}\n" for first, behind in sorted(followers.items())]
    given.target.write_bytes(lzma.compress("".join(lines).encode(), preset=9))
    print(f"{sum(map(len, followers.values()))} pairs in {given.target}")


if __name__ == "__main__":
    main()
