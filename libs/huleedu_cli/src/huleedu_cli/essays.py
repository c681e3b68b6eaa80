"""Which files are essays, what each is called in its batch, and why the others are not."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from huleedu_cli.problem import Problem

ENDINGS = (".txt", ".md", ".docx", ".pdf", ".odt")
MAX_FILE_BYTES = 20_000_000
_PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".webp", ".svg"}
_READABLE = f"{', '.join(ENDINGS[:-1])} and {ENDINGS[-1]}"


@dataclass(frozen=True)
class Essay:
    """`name` is unique among the essays of its batch."""

    path: Path
    name: str


@dataclass(frozen=True)
class Refused:
    """A file that will not be assessed; `reason` is a sentence that calls it “the file”."""

    file: str
    reason: str


@dataclass(frozen=True)
class Handed:
    """What was handed in, both in the order of the paths."""

    essays: tuple[Essay, ...]
    refused: tuple[Refused, ...]


def collect(
    paths: Sequence[Path],
    *,
    also: Sequence[Path] = (),
    leave_out: Collection[Path] = (),
) -> Handed:
    """Find the essays at these paths, folders with everything below them.

    `also` are further essays, such as anchors; `leave_out` are files and folders that lie among
    the essays and are something else, resolved. Hidden files are left out too. Raises Problem if a
    path does not exist or no essay is found.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise Problem("\n".join(f"There is no file or folder {path}." for path in missing))
    found = sorted(set(_files(paths, leave_out)) | {path.resolve() for path in also})
    reasons = {path: reason for path in found if (reason := why_not(path))}
    good = [path for path in found if path not in reasons]
    names = _names(found)
    refused = tuple(Refused(names[path], reason) for path, reason in reasons.items())
    if not good:
        raise Problem(_nothing_found(paths, refused))
    return Handed(tuple(Essay(path, names[path]) for path in good), refused)


def why_not(path: Path) -> str | None:
    """Say why a file cannot be an essay, as far as its name and size tell; None if it may be."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        kind = "a picture" if ending in _PICTURES else "not a text document"
        return f"The file is {kind}; essays are {_READABLE} files."
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    if size == 0:
        return "The file is empty."
    if size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1_000_000
        return f"The file is too large: {size / 1_000_000:,.0f} MB; at most {limit} MB are read."
    return None


def _files(paths: Sequence[Path], leave_out: Collection[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path.resolve()
            continue
        for folder, folders, files in os.walk(path.resolve()):
            here = Path(folder)
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".") and here / name not in leave_out
            ]
            for name in files:
                if not name.startswith((".", "~$")) and (here / name) not in leave_out:
                    yield here / name


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name files by themselves, or by their path below what they share where that is not enough."""
    count = Counter(path.name for path in paths)
    ambiguous = [path for path in paths if count[path.name] > 1]
    base = Path(os.path.commonpath([path.parent for path in ambiguous])) if ambiguous else Path()
    names = {
        path: path.name if count[path.name] == 1 else path.relative_to(base).as_posix()
        for path in paths
    }
    # A name that is not valid text, which some systems allow, cannot travel.
    return {path: os.fsencode(name).decode(errors="replace") for path, name in names.items()}


def _nothing_found(paths: Sequence[Path], refused: Sequence[Refused]) -> str:
    places = ", ".join(str(path) for path in paths)
    if not refused:
        return f"There is nothing to assess in {places}: essays are {_READABLE} files."
    return "\n".join(
        [
            f"There is nothing to assess in {places}:",
            *(f"  {entry.file}: {entry.reason}" for entry in refused),
        ]
    )
