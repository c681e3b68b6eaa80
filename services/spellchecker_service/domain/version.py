"""Which engine it is, found out from what it is made of."""

from functools import cache
from pathlib import Path

from .index_files import version_of
from .phonetics import LANGUAGES
from .sources import source_files


def engine_files() -> list[Path]:
    """The engine's modules, and the data that its indexes are made of."""
    data = dict.fromkeys(path for language in LANGUAGES for path in source_files(language))
    return [*sorted(Path(__file__).parent.glob("*.py")), *data]


@cache
def engine_version() -> str:
    """A hash of all `engine_files`: equal versions give equal answers."""
    return version_of(engine_files())
