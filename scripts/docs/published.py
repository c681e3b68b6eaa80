"""The schemas that are published: those committed here, or in another revision."""

import json
import subprocess
from pathlib import Path
from typing import Any

from scripts.docs.places import CONTRACTS, ROOT

EVENTS = CONTRACTS / "events"


def committed() -> dict[str, dict[str, Any]]:
    """By topic, as they lie in the working tree."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in EVENTS.glob("*.json")}


def committed_in(revision: str) -> dict[str, dict[str, Any]]:
    """By topic, in a revision; without those whose file was deleted since, which is a decision."""
    folder = EVENTS.relative_to(ROOT).as_posix()
    names = _git("ls-tree", "--name-only", revision, f"{folder}/").splitlines()
    kept = [name for name in names if (ROOT / name).exists()]
    return {Path(name).stem: json.loads(_git("show", f"{revision}:{name}")) for name in kept}


def _git(*arguments: str) -> str:
    git = ["git", *arguments]
    return subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603 - git, with a revision that the caller names
