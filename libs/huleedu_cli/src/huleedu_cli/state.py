"""What `huleedu up` leaves for `huleedu doctor`: where everything is, while it runs."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from huleedu_embedded.cache import cache_directory


@dataclass(frozen=True)
class State:
    gateway_url: str
    logs: str
    infrastructure: dict[str, str]
    """Addresses by their variables."""
    services: dict[str, str]
    """Where each service says whether it is ready."""
    api_key: str = field(default="", repr=False)


@contextmanager
def written(state: State) -> Iterator[None]:
    """Keep the state on the disk; a lock on the file tells that its writer lives."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of another stack, which runs on, or of one that was killed
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(state), file)
        file.flush()
        try:
            yield
        finally:
            if path.exists() and path.samefile(f"/dev/fd/{file.fileno()}"):
                path.unlink()


def read() -> State | None:
    """Give the state of the stack that was started last, if it is still there."""
    try:
        with _path().open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return State(**json.load(file))
    except OSError:
        pass
    return None


def _path() -> Path:
    return cache_directory() / "up.json"
