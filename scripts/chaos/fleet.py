"""The workers: processes of one consumer group, started again whenever one ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from huleedu_embedded import process
from scripts.chaos.worker import KILLED_BY_EVENT

ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.05
_RESTART_SECONDS = 0.5
LEAVE_SECONDS = 30.0
"""What a worker may take to leave when it is asked to."""


@dataclass
class Worker:
    name: str
    port: int
    child: subprocess.Popen[bytes]
    log: Path
    leaving_since: float | None = None
    killed: bool = False
    comes_back: bool = True
    """Whether it is started again."""
    frozen: bool = False

    @property
    def was_ready(self) -> bool:
        """Before that, a request to leave ends it as it would end any process."""
        return b'"ready"' in self.log.read_bytes()

    @property
    def runs(self) -> bool:
        return self.child.poll() is None


class Fleet:
    """`violations` has workers that ended by themselves or did not leave when asked."""

    def __init__(self, environment: Mapping[str, str], logs: Path, size: int) -> None:
        self.violations: list[str] = []
        self.restarts = 0
        self.workers: list[Worker] = []
        self._environment = environment
        self._logs = logs
        self._size = size
        self._joined = 0

    def start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        for _ in range(self._size):
            self.join()

    def join(self) -> Worker:
        """One more worker."""
        self._joined += 1
        name = f"worker {self._joined}"
        port = process.free_port()
        log = self._logs / f"worker-{self._joined}.log"
        worker = Worker(name, port, self._run(port, log), log)
        self.workers.append(worker)
        return worker

    def choose(self, number: int) -> str | None:
        """One that something can be done to."""
        able = [
            worker.name
            for worker in self.workers
            if worker.runs and not worker.frozen and worker.leaving_since is None
        ]
        return able[number % len(able)] if able else None

    def kill(self, name: str) -> None:
        worker = self._named_so(name)
        worker.killed = True
        process.kill_session(worker.child.pid)

    def terminate(self, name: str) -> None:
        self._ask_to_leave(self._named_so(name))

    async def freeze(self, name: str, seconds: float) -> None:
        worker = self._named_so(name)
        worker.frozen = True
        os.kill(worker.child.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            worker.frozen = False
            if worker.runs:
                os.kill(worker.child.pid, signal.SIGCONT)

    async def visit(self, seconds: float) -> None:
        """One more is there for a while."""
        guest = self.join()
        guest.comes_back = False
        await asyncio.sleep(seconds)
        self._ask_to_leave(guest)

    async def supervise(self) -> None:
        while True:
            for worker in list(self.workers):
                self._look_at(worker)
            await asyncio.sleep(_LOOK_SECONDS)

    async def not_ready(self) -> list[str]:
        """What the workers say that are not ready, or not alive."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            return [
                f"{worker.name}: {answer}"
                for worker in self.workers
                if (answer := await _readiness(client, worker.port))
            ]

    async def leave(self) -> None:
        """Ask all to leave, and wait until they have."""
        for worker in self.workers:
            worker.comes_back = False
            self._ask_to_leave(worker)
        while self.workers:
            for worker in list(self.workers):
                self._look_at(worker)
            await asyncio.sleep(_LOOK_SECONDS)

    def kill_all(self) -> None:
        for worker in self.workers:
            process.kill_session(worker.child.pid)
            worker.child.wait()

    def _named_so(self, name: str) -> Worker:
        return next(worker for worker in self.workers if worker.name == name)

    def _ask_to_leave(self, worker: Worker) -> None:
        if worker.leaving_since is None and worker.runs:
            worker.leaving_since = time.monotonic()
            worker.child.send_signal(signal.SIGTERM)

    def _look_at(self, worker: Worker) -> None:
        late = (
            worker.leaving_since is not None
            and time.monotonic() - worker.leaving_since > LEAVE_SECONDS
        )
        if worker.runs and late:
            self.violations.append(f"{worker.name} did not leave within {LEAVE_SECONDS:.0f} s")
            self.kill(worker.name)
        if worker.runs:
            return
        status = worker.child.wait()
        expected = (
            worker.killed
            or status == KILLED_BY_EVENT
            or (worker.leaving_since is not None and status == 0)
            or (worker.leaving_since is not None and not worker.was_ready)
        )
        if not expected:
            self.violations.append(
                f"{worker.name} ended with status {status}:\n{process.tail(worker.log, 5)}"
            )
        self.workers.remove(worker)
        if worker.comes_back:
            self.restarts += 1
            asyncio.get_running_loop().call_later(_RESTART_SECONDS, self.join)

    def _run(self, port: int, log: Path) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._environment, "PORT": str(port)}
        command = [sys.executable, "-m", "scripts.chaos.worker"]
        return process.start(command, log=log, cwd=ROOT, env=environment)


async def _readiness(client: httpx.AsyncClient, port: int) -> str:
    """Nothing if it is ready."""
    try:
        answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if answer.is_success else answer.text
