"""Build the spelling indexes from the installed packages: `python -m …build_index --help`."""

import argparse
import sys
import time
from pathlib import Path

from services.spellchecker_service.domain import building, index_files, sources
from services.spellchecker_service.domain.phonetics import LANGUAGES


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the spelling indexes; a no-op if current.")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--output", type=Path, help="folder; default: the cache of the engine")
    given = parser.parse_args(arguments)
    for language in given.language or LANGUAGES:
        began = time.monotonic()
        version = index_files.index_version(sources.source_files(language))
        folder = index_files.ensure(language, version, building.build, given.output)
        sys.stdout.write(f"{language}: {folder} ({time.monotonic() - began:.1f} s)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
