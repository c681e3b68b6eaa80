"""Write the pages and contracts that follow from the code.

python -m scripts.docs                        write them
python -m scripts.docs --check                fail if one is not what the code says
python -m scripts.docs --published REVISION   fail if events published there are broken here

Nothing is written while an event breaks what is published.
"""

import argparse
import json
import sys
from pathlib import Path

from common_core.topics import EVENTS
from scripts.docs import (
    asyncapi,
    events,
    kubernetes,
    openapi,
    producers,
    published,
    schemas,
    settings,
    shortcuts,
)
from scripts.docs.compatibility import breaks
from scripts.docs.places import CONTRACTS, PAGES, ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.docs")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--published", metavar="REVISION")
    arguments = parser.parse_args()

    present = schemas.schemas()
    revision = arguments.published
    before = published.committed_in(revision) if revision else published.committed()
    problems = breaks(before, present)
    if problems:
        problems.append("A published event stays as it is: add a class and a topic of version 2.")
    hears = events.consumers()
    problems += [
        f"nobody consumes {row.name}, and common_core.topics gives no reason"
        for row in EVENTS
        if row.topic not in hears and row.reason is None
    ]
    problems += producers.contradictions()
    problems += kubernetes.problems()
    try:
        pages = _pages(hears)
    except shortcuts.OpenShortcutError as error:
        problems.append(str(error))
    if problems:
        print("\n".join(problems))
        return 1
    return _compare(pages) if arguments.check or revision else _write(pages)


def _pages(hears: dict[str, list[str]]) -> dict[Path, str]:
    consumers = {name for names in hears.values() for name in names}
    return {
        **kubernetes.pages(),
        PAGES / "EVENTS.md": events.page(hears),
        PAGES / "SETTINGS.md": settings.page(),
        PAGES / "TASKS" / "fix_idempotency_test_shortcuts.md": shortcuts.page(consumers),
        CONTRACTS / "asyncapi.json": asyncapi.document(hears),
        **{
            published.EVENTS / f"{topic}.json": json.dumps(schema, indent=2) + "\n"
            for topic, schema in schemas.schemas().items()
        },
        **{
            CONTRACTS / "http" / f"{service}.json": document
            for service, document in openapi.documents().items()
        },
    }


def _stale(pages: dict[Path, str]) -> list[Path]:
    return [p for p, page in pages.items() if not p.exists() or p.read_text("utf-8") != page]


def _compare(pages: dict[Path, str]) -> int:
    stale = _stale(pages)
    if stale:
        print(f"{', '.join(p.name for p in stale)}: not what the code says; `pdm run docs`")
    return 1 if stale else 0


def _write(pages: dict[Path, str]) -> int:
    for path in _stale(pages):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
