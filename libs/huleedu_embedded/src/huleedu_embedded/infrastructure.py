"""PostgreSQL, Redis and a Kafka-protocol broker for one program, on free ports of this machine.

    with infrastructure(topics={"huleedu.essay.uploaded.v1": 8}) as running:
        connect(running.database_url)

`async with` does the same without blocking the event loop. What the environment names already
(KAFKA_BOOTSTRAP_SERVERS, REDIS_URL, DATABASE_URL) is used and not started.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from huleedu_embedded.specification import Specification

VARIABLES = {
    "postgres": "DATABASE_URL",
    "redis": "REDIS_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}
_STOP_SECONDS = 60


class InfrastructureError(Exception):
    """A server could not start; the text says which one and shows the end of its log."""


@dataclass(frozen=True)
class Infrastructure:
    """Where to connect. `database_url` is a server's: each service makes its own database there."""

    kafka_bootstrap_servers: str
    redis_url: str = field(repr=False)  # these two carry a password
    database_url: str = field(repr=False)
    directory: Path
    """Where the servers keep their logs and data; it goes with them unless it was given."""

    def environment(self) -> dict[str, str]:
        """Give the variables by which the services know these addresses."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
            "REDIS_URL": self.redis_url,
            "DATABASE_URL": self.database_url,
        }


class Host:
    """A process that owns embedded servers and ends with this one, however this one ends."""

    directory: Path

    def __init__(self, specification: Specification) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "huleedu_embedded.host", specification.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def addresses(self) -> dict[str, str]:
        """Wait until every server is ready, and say where."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe, see above
        line = self._process.stdout.readline()
        if not line:
            raise InfrastructureError("The embedded servers were stopped.")
        answer = json.loads(line)
        if "error" in answer:
            raise InfrastructureError(answer["error"])
        self.directory = Path(answer["directory"])
        addresses: dict[str, str] = answer["addresses"]
        return addresses

    def is_running(self) -> bool:
        """Tell whether all servers run; one that ends by itself ends the others as well."""
        return self._process.poll() is None

    def watch(self, pid: int) -> None:
        """Kill the session that `pid` leads should this program end without doing it."""
        self._tell(f"watch {pid}\n")

    def forget(self, pid: int) -> None:
        self._tell(f"forget {pid}\n")

    def stop(self) -> None:
        """Stop the servers and remove their data; closing standard input asks for it."""
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def kill(self) -> None:
        """End the servers at once, as a failure would: nothing is shut down in order or removed."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe, see above
        with suppress(BrokenPipeError):  # it has ended; `is_running` says so
            os.write(self._process.stdin.fileno(), line.encode())


class infrastructure:  # noqa: N801 - used like a function, `with infrastructure() as running`
    """Start what the environment does not name; stop it on leaving.

    `topics` maps the broker's topics to their partitions. Data lies in `directory` and is kept
    there (not that of the broker, which works in memory); without one it is thrown away.
    """

    host: Host
    running: Infrastructure

    def __init__(
        self, directory: Path | None = None, topics: Mapping[str, int] | None = None
    ) -> None:
        self._specification = Specification(
            parts=missing(VARIABLES),
            topics=dict(topics or {}),
            directory=str(directory.resolve()) if directory else None,
        )

    def __enter__(self) -> Infrastructure:
        self.host = Host(self._specification)
        try:
            return self._ready()
        except BaseException:
            self.host.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.host.stop()

    async def __aenter__(self) -> Infrastructure:
        self.host = Host(self._specification)
        try:
            return await asyncio.to_thread(self._ready)
        except BaseException:
            self.host.stop()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.host.stop)

    def _ready(self) -> Infrastructure:
        addresses = self.host.addresses()

        def address(part: str) -> str:
            return addresses.get(part) or os.environ[VARIABLES[part]]

        return Infrastructure(
            kafka_bootstrap_servers=address("kafka"),
            redis_url=address("redis"),
            database_url=address("postgres"),
            directory=self.host.directory,
        )


def missing(parts: Sequence[str] | Mapping[str, str]) -> list[str]:
    """Those of these parts that the environment does not name."""
    return [part for part in parts if not os.environ.get(VARIABLES[part])]
