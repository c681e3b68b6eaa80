"""Programs that are started together, kept running, and ended together.

A program that ends by itself is started again, after a pause that doubles. One that ends too often
takes everything down: `Launcher.while_running` raises, and whoever entered the launcher leaves it.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self, TypeVar

import httpx

from huleedu_cli.problem import Problem
from huleedu_embedded import process

_POLL_SECONDS = 0.05
_WINDOW_SECONDS = 60.0

Result = TypeVar("Result")


class Host(Protocol):
    """Ends what it watches should this program be killed."""

    def watch(self, pid: int) -> None: ...
    def forget(self, pid: int) -> None: ...
    def is_running(self) -> bool: ...


@dataclass(frozen=True)
class Program:
    name: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(repr=False)
    ready_url: str
    """Answers 200 when the program can do its work."""


@dataclass(frozen=True)
class Patience:
    ready_seconds: float = 300.0
    """A first start may have word lists to build, on a slow machine."""
    stop_seconds: float = 8.0
    restarts: int = 5
    """How often a program may end within a minute before everything is given up."""
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


class Launcher:
    """An async context: inside it the programs run. Enter it in the main thread."""

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        logs: Path,
        host: Host,
        patience: Patience | None = None,
    ) -> None:
        self._programs = tuple(programs)
        self._logs = logs
        self._host = host
        self._patience = patience or Patience()
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            for program in self._programs:
                self._start(program)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def ready(self, still_waiting: Callable[[list[str]], None] | None = None) -> None:
        """Wait until every program is ready. Raises Problem when one takes too long.

        `still_waiting` is told the names of those that are not, whenever one has become ready.
        """
        names = {program.name for program in self._programs}
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            waiting = [
                asyncio.create_task(self._ready(client, program)) for program in self._programs
            ]
            try:
                for ready in asyncio.as_completed(waiting):
                    names.remove(await ready)
                    if still_waiting is not None:
                        still_waiting(sorted(names))
            finally:
                await _cancel(waiting)

    async def while_running(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do this work and start again what ends meanwhile; Problem when that does not help."""
        working = asyncio.create_task(work)
        tasks = [
            working,
            asyncio.create_task(self._watch_infrastructure()),
            *(asyncio.create_task(self._keep_running(program)) for program in self._programs),
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if working not in ended:
                await ended.pop()  # raises: supervision ends in no other way
            return await working
        finally:
            await _cancel(tasks)

    def pids(self) -> dict[str, int]:
        return {name: child.pid for name, child in self._children.items()}

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _start(self, program: Program) -> None:
        child = process.start(
            program.command,
            log=self.log_of(program.name),
            append=True,
            cwd=program.cwd,
            env={**os.environ, **program.environment},
        )
        self._children[program.name] = child
        self._host.watch(child.pid)

    async def _ready(self, client: httpx.AsyncClient, program: Program) -> str:
        deadline = time.monotonic() + self._patience.ready_seconds
        answer = "no answer"
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                response = await client.get(program.ready_url)
                if response.is_success:
                    return program.name
                answer = response.text
            await asyncio.sleep(_POLL_SECONDS)
        raise Problem(
            f"{program.name} was not ready after {self._patience.ready_seconds:.0f} s ({answer})."
            f"\n{process.tail(self.log_of(program.name))}"
        )

    async def _keep_running(self, program: Program) -> NoReturn:
        patience = self._patience
        ends: deque[float] = deque()
        while True:
            child = self._children[program.name]
            await _ended(child)
            self._host.forget(child.pid)
            process.kill_session(child.pid)
            now = time.monotonic()
            ends.append(now)
            while ends[0] < now - _WINDOW_SECONDS:
                ends.popleft()
            log = self.log_of(program.name)
            if len(ends) > patience.restarts:
                raise Problem(
                    f"{program.name} ended {len(ends)} times within a minute, last with"
                    f" {_status(child.returncode)}:\n{process.tail(log)}"
                )
            with log.open("a") as file:
                file.write(f"launcher: {_status(child.returncode)}, starting again\n")
            pause = patience.first_pause_seconds * 2 ** (len(ends) - 1)
            await asyncio.sleep(min(pause, patience.longest_pause_seconds))
            self._start(program)

    async def _watch_infrastructure(self) -> NoReturn:
        await _until(lambda: not self._host.is_running())
        raise Problem("PostgreSQL, Redis or the broker has ended; the services cannot go on.")

    async def _stop(self) -> None:
        """Ask all at once; kill with their whole sessions those that take too long."""
        children = list(self._children.values())
        try:
            for child in children:
                if child.poll() is None:
                    child.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.stop_seconds):
                    await _until(lambda: all(child.poll() is not None for child in children))
        finally:  # also when interrupted once more
            for child in children:
                process.kill_session(child.pid)
                child.wait()
                self._host.forget(child.pid)


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(child: subprocess.Popen[bytes]) -> None:
    await _until(lambda: child.poll() is not None)


async def _until(fact: Callable[[], bool]) -> None:
    while not fact():  # noqa: ASYNC110 - a process sets no event when it ends
        await asyncio.sleep(_POLL_SECONDS)


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
