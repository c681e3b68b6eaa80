"""Write the documentation pages that follow from the code.

python -m scripts.docs            write them
python -m scripts.docs --check    fail if a page is not what the code says
"""

import sys

from common_core.topics import EVENTS
from scripts.docs import events, settings, shortcuts
from scripts.docs.places import PAGES, ROOT


def main() -> int:
    hears = events.consumers()
    unheard = [row.name for row in EVENTS if row.topic not in hears and row.reason is None]
    if unheard:
        print(f"nobody consumes {', '.join(unheard)}, and common_core.topics gives no reason")
        return 1
    try:
        record = shortcuts.page({name for names in hears.values() for name in names})
    except shortcuts.OpenShortcutError as error:
        print(error)
        return 1
    pages = {
        PAGES / "EVENTS.md": events.page(hears),
        PAGES / "SETTINGS.md": settings.page(),
        PAGES / "TASKS" / "fix_idempotency_test_shortcuts.md": record,
    }
    stale = [p for p, page in pages.items() if not p.exists() or p.read_text("utf-8") != page]
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"{', '.join(p.name for p in stale)}: not what the code says; `pdm run docs`")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
