"""Child processes that end with their parent, whatever ends it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

_EXEC = Path(__file__).with_name("_exec.py")
_POLL_SECONDS = 0.01


class ProcessFailedError(Exception):
    """A program was not ready in time, or ended before; the text carries the end of its log."""


def start(
    command: Sequence[str],
    *,
    log: Path,
    append: bool = False,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    on_parent_death: signal.Signals = signal.SIGKILL,
    owned_directory: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with its output in `log` (emptied first or not).

    On Linux it gets `on_parent_death` as soon as the *thread* that called this ends: call it from
    a thread that lives as long as the program should. A program that refuses to be root names
    the data folder it must own; if need be it then sees itself as `nobody`.
    """
    trampoline = [sys.executable, "-I", "-S", str(_EXEC), str(os.getpid())]
    arguments = [str(int(on_parent_death)), str(owned_directory or ""), *command]
    with log.open("ab" if append else "wb") as output:
        child = subprocess.Popen(  # noqa: S603 - the callers' own commands
            [*trampoline, *arguments],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if child.stdin is not None and stdin is not None:
        try:
            child.stdin.write(stdin.encode())
            child.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already; whoever waits for it will say so with its log
    return child


def stop(
    child: subprocess.Popen[bytes],
    request: signal.Signals = signal.SIGTERM,
    seconds: float = 5,
) -> None:
    """Ask a program to end, and end it with everything in its session when it takes longer."""
    if child.poll() is None:
        child.send_signal(request)
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    kill_session(child.pid)
    child.wait()


def kill_session(pid: int) -> None:
    """Kill what is left of the session that the process `pid` was started in."""
    # Nothing may be left; macOS answers EPERM when only zombies are.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class CancelledError(ProcessFailedError):
    """The wait was given up because nobody wants the program any more."""


def wait_for_line(
    child: subprocess.Popen[bytes], log: Path, pattern: str, seconds: float, cancelled: Event
) -> re.Match[str]:
    """Wait until a line that matches appears in a program's log."""
    deadline = time.monotonic() + seconds
    while True:
        ended = child.poll() is not None
        found = re.search(pattern, log.read_text(errors="replace"), re.MULTILINE)
        if found:
            return found
        if ended:
            raise ProcessFailedError(f"It ended with status {child.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise ProcessFailedError(f"It was not ready after {seconds:.0f} s:\n{tail(log)}")
        if cancelled.wait(_POLL_SECONDS):
            raise CancelledError


def tail(log: Path, lines: int = 20) -> str:
    """Give the last lines of a log, or an empty string where there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def start_on_free_port(
    start_on: Callable[[int], subprocess.Popen[bytes]],
    log: Path,
    ready: str,
    *,
    port_taken: str,
    cancelled: Event,
    seconds: float = 60,
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server that cannot choose its port itself; another port when somebody was faster."""
    for attempts_left in reversed(range(10)):
        port = free_port()
        child = start_on(port)
        try:
            wait_for_line(child, log, ready, seconds, cancelled)
        except CancelledError:
            stop(child)
            raise
        except ProcessFailedError:
            stop(child)
            if attempts_left and re.search(port_taken, log.read_text(errors="replace")):
                continue
            raise
        return child, port
    raise AssertionError("unreachable")


def free_port() -> int:
    """Find a TCP port on the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
