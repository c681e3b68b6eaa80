"""Where things lie that are slow to make and may be thrown away."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Give HULEEDU_CACHE_DIR, or a folder in the user's cache; it need not exist."""
    configured = os.environ.get("HULEEDU_CACHE_DIR")
    if configured:
        return Path(configured)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "huleedu"
