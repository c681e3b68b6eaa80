"""The index on disk: one folder for each language and version, one memory-mapped array a file.

The folder's name is a hash of the source files and of the modules that build the index, so that it
is never stale. It is built on first use, under a lock, into a folder that gets its name when it is
complete. Several versions of the code may share the place, each with its own folder.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .phonetics import Language

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

WIDTH = 24
"""Longest word that is suggested, in letters."""
_BUILDERS = (
    "added_words", "building", "hashing", "hunspell_files", "index_files", "language_model",
    "ngram_files", "phonetics", "sources", "swedish_grammar", "tables", "tokens", "variants",
    "word_sequences",
)  # fmt: skip
_FORGOTTEN_SECONDS = 30 * 24 * 3600
"""So long nobody has used an index that is removed."""
_ROOT = Path(__file__).resolve().parents[3]


class Flag:
    """What the dictionary says of a word in lower case, as bits.

    Plain numbers, because the build combines millions of them.
    """

    VALID = 1
    CAPITALISED = 2
    BEGIN = 4
    MIDDLE = 8
    END = 16
    BRITISH = 1 << 14
    AMERICAN = 1 << 15


def cache_folder() -> Path:
    """`HULEEDU_CACHE_DIR`, or `.cache/huleedu` in the repository."""
    configured = os.environ.get("HULEEDU_CACHE_DIR")
    return Path(configured) if configured else _ROOT / ".cache" / "huleedu"


def version_of(files: Iterable[Path]) -> str:
    """A hash of the names and contents of `files`."""
    digest = blake2b(digest_size=8)
    for path in files:
        digest.update(path.name.encode())
        digest.update(blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def index_version(sources: list[Path]) -> str:
    """A hash of all that the index depends on."""
    here = Path(__file__).parent
    return version_of([*(here / f"{name}.py" for name in _BUILDERS), *sources])


def ensure(
    language: Language,
    version: str,
    build: Callable[[Language], Arrays],
    folder: Path | None = None,
) -> Path:
    """The folder of the index, built if it is missing. Others who need it meanwhile wait."""
    base = folder or cache_folder()
    target = base / f"spelling-{language}-{version}"
    if target.is_dir():
        with suppress(OSError):  # where it may only be read, nobody removes it either
            os.utime(target)
        return target
    base.mkdir(parents=True, exist_ok=True)
    with (base / f"spelling-{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            unfinished = base / f"spelling-{language}-{version}.{os.getpid()}"
            unfinished.mkdir(exist_ok=True)
            for name, array in build(language).items():
                np.save(unfinished / f"{name}.npy", array)
            unfinished.rename(target)
            _remove_forgotten(base, language)
    return target


def _remove_forgotten(base: Path, language: Language) -> None:
    """The indexes that nobody uses any more, and what was left when a build was killed.

    For whoever holds the lock, so that nothing is being built. Whoever has an index mapped keeps
    it; whoever needs it again builds it again.
    """
    for folder in base.glob(f"spelling-{language}-*"):
        unfinished = bool(folder.suffix)
        if unfinished or time.time() - folder.stat().st_mtime > _FORGOTTEN_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def load(folder: Path) -> Arrays:
    return {
        path.stem: np.load(path, mmap_mode="r" if path.stat().st_size > 1 << 10 else None)
        for path in sorted(folder.glob("*.npy"))
    }
