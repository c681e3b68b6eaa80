"""Keeping small programs running, and ending them."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from huleedu_cli.launcher import Launcher, Patience, Program
from huleedu_cli.problem import Problem
from huleedu_cli.stack import free_ports
from huleedu_embedded.infrastructure import Host
from huleedu_embedded.specification import Specification

SERVER = """
import http.server, os, subprocess, sys
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(f"pid {os.getpid()}\\npid {helper.pid}", flush=True)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): ...

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
LAUNCHER = f"""
import asyncio, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run in the background
from huleedu_cli.launcher import Launcher, Program
from huleedu_embedded.infrastructure import Host
from huleedu_embedded.specification import Specification
from huleedu_cli.running import run

async def main():
    host = Host(Specification())
    host.addresses()
    folder = pathlib.Path(sys.argv[1])
    program = Program("server", [sys.executable, "-c", {SERVER!r}], folder,
                      {{"PORT": sys.argv[2]}}, f"http://127.0.0.1:{{sys.argv[2]}}/")
    async with Launcher([program], logs=folder, host=host) as launcher:
        await launcher.ready()
        print("ready", flush=True)
        await launcher.while_running(asyncio.sleep(600))

run(main())
"""
QUICK = Patience(ready_seconds=10, stop_seconds=5, restarts=2, first_pause_seconds=0.01)


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a killed host leaves behind out of everybody's folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def program(folder: Path, source: str, name: str = "server") -> Program:
    [port] = free_ports(1)
    return Program(
        name=name,
        command=[sys.executable, "-c", textwrap.dedent(source)],
        cwd=folder,
        environment={"PORT": str(port)},
        ready_url=f"http://127.0.0.1:{port}/readyz",
    )


@asynccontextmanager
async def launched(
    *programs: Program, logs: Path, patience: Patience = QUICK
) -> AsyncIterator[Launcher]:
    host = Host(Specification())
    try:
        host.addresses()
        async with Launcher(programs, logs=logs, host=host, patience=patience) as launcher:
            yield launcher
    finally:
        host.stop()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def until(fact: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 - facts about processes set no event
            await asyncio.sleep(0.01)


def pids_in(log: Path) -> list[int]:
    """Those of the server and of its helper."""
    lines = log.read_text().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("pid")]


async def test_leaving_ends_the_programs_and_what_they_started(tmp_path: Path) -> None:
    async with launched(program(tmp_path, SERVER), logs=tmp_path) as launcher:
        await launcher.ready()
        server, helper = pids_in(tmp_path / "server.log")
        assert alive(server)
        assert alive(helper)
    assert not alive(server)
    await until(lambda: not alive(helper))


async def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    async with launched(program(tmp_path, SERVER), logs=tmp_path) as launcher:
        await launcher.ready()
        [first] = launcher.pids().values()
        _, helper = pids_in(tmp_path / "server.log")

        async def kill_and_wait() -> None:
            os.kill(first, signal.SIGKILL)
            await until(lambda: launcher.pids()["server"] != first)
            await launcher.ready()

        await launcher.while_running(kill_and_wait())
        await until(lambda: not alive(helper))
        assert "signal SIGKILL, starting again" in (tmp_path / "server.log").read_text()


async def test_a_program_that_ends_too_often_takes_everything_down_with_its_last_words(
    tmp_path: Path,
) -> None:
    broken = program(tmp_path, "raise SystemExit('no such database')", name="broken")
    good = program(tmp_path, SERVER)
    async with launched(good, broken, logs=tmp_path) as launcher:
        with pytest.raises(Problem, match=r"(?s)broken ended 3 times.*no such database"):
            await launcher.while_running(launcher.ready())
        pids = launcher.pids()
    assert not any(alive(pid) for pid in pids.values())


async def test_a_program_that_is_not_ready_in_time_is_a_problem(tmp_path: Path) -> None:
    silent = program(tmp_path, "import time; print('thinking', flush=True); time.sleep(600)")
    patience = Patience(ready_seconds=0.5)
    async with launched(silent, logs=tmp_path, patience=patience) as launcher:
        with pytest.raises(Problem, match=r"(?s)server was not ready.*thinking"):
            await launcher.ready()


async def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = program(
        tmp_path, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER
    )
    patience = Patience(stop_seconds=0.2)
    async with launched(deaf, logs=tmp_path, patience=patience) as launcher:
        await launcher.ready()
        [pid] = launcher.pids().values()
    assert not alive(pid)


async def test_the_end_of_the_infrastructure_ends_the_work(tmp_path: Path) -> None:
    host = Host(Specification())
    host.addresses()
    async with Launcher([program(tmp_path, SERVER)], logs=tmp_path, host=host) as launcher:

        async def work() -> None:
            os.kill(host._process.pid, signal.SIGKILL)
            await asyncio.sleep(600)

        with pytest.raises(Problem, match="has ended"):
            await launcher.while_running(work())
    host.stop()


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str
)
def test_nothing_outlives_a_launcher_that_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    [port] = free_ports(1)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", LAUNCHER, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "ready\n"
        started = pids_in(tmp_path / "server.log")
        assert all(alive(pid) for pid in started)
        launcher.send_signal(number)
        asyncio.run(until(lambda: not any(alive(pid) for pid in started), seconds=2))
