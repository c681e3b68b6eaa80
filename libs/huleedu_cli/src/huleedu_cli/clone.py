"""The clone of the repository that huleedu runs from: the services are in it, not installed."""

import sys
from pathlib import Path

from huleedu_cli.problem import Problem

ROOT = Path(__file__).resolve().parents[4]


def need_services() -> None:
    """Make `services` importable. Raises Problem if it is not there."""
    if not (ROOT / "services").is_dir():
        raise Problem("The services are not here: huleedu runs from a clone of the repository.")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
