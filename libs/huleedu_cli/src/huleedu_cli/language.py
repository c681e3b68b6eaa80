"""Whether a class set is written in English or in Swedish, by its commonest words."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

_COMMON = {
    "en": {"the", "and", "of", "to", "is", "it", "that", "was", "my", "they", "you", "with"},
    "sv": {"och", "att", "det", "som", "är", "jag", "på", "av", "inte", "ett", "med", "så"},
}
_READ_BYTES = 200_000
_SURE = 3
_PARTS = {".docx": "word/document.xml", ".odt": "content.xml"}


def detect(paths: Iterable[Path]) -> str | None:
    """Give `en` or `sv` where one is three times as likely, or None where nothing tells."""
    hits = dict.fromkeys(_COMMON, 0)
    for path in paths:
        for word in re.findall(r"[^\W\d_]+", _glance(path).lower()):
            for language, common in _COMMON.items():
                hits[language] += word in common
    second, first = sorted(hits, key=lambda language: hits[language])
    return first if hits[first] > _SURE * hits[second] else None


def _glance(path: Path) -> str:
    try:
        if path.suffix.lower() in {".txt", ".md"}:
            with path.open("rb") as file:
                return file.read(_READ_BYTES).decode(errors="replace")
        part = _PARTS.get(path.suffix.lower())
        if part is None:
            return ""
        with zipfile.ZipFile(path) as archive, archive.open(part) as file:
            return re.sub(r"<[^>]*>", " ", file.read(_READ_BYTES).decode(errors="replace"))
    except (OSError, KeyError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return ""  # whether it can be read is told by those who read it for good
