"""The process that owns the embedded servers: `python -m huleedu_embedded.host SPECIFICATION`.

It exists so that nothing outlives the program that asked for the servers. That program holds the
other end of standard input; when it closes, because the program is done or has been killed, this
process stops the servers, removes their data, and kills the sessions it was told to watch.
Should this process be killed itself, the servers end with it.

Standard input: lines `watch PID` and `forget PID`, for processes that lead a session of their own.
Standard output: one line of JSON, `{"addresses": {part: url}, "directory": path}` or
`{"error": text}`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from threading import Event, Thread

from huleedu_embedded import process
from huleedu_embedded.kafka import kafka
from huleedu_embedded.postgres import postgres
from huleedu_embedded.redis import redis
from huleedu_embedded.specification import Specification

_POLL_SECONDS = 0.5


def main(specification: Specification) -> None:
    owner = os.getppid()
    watched: set[int] = set()
    cancelled = Event()
    Thread(target=_listen_to_owner, args=(watched, cancelled), daemon=True).start()
    # From a thread: an event may not be set by a signal handler that interrupts a wait for it.
    signal.signal(signal.SIGTERM, lambda *_: Thread(target=cancelled.set).start())
    with ExitStack() as stack:
        directory = _data_directory(specification, stack)
        children: list[subprocess.Popen[bytes]] = []
        addresses: dict[str, str] = {}
        for part in specification.parts:
            try:
                child, addresses[part] = stack.enter_context(
                    _run(part, specification, directory, cancelled)
                )
            except (process.ProcessFailedError, OSError) as error:
                _say({"error": f"The embedded {part} could not start. {error}"})
                sys.exit(1)
            children.append(child)
        stack.callback(_kill_sessions, watched)
        _say({"addresses": addresses, "directory": str(directory)})
        # A fork of the owner may hold our standard input open after its end.
        while os.getppid() == owner and all(child.poll() is None for child in children):
            if cancelled.wait(_POLL_SECONDS):
                return
        sys.exit(1)


def _run(
    part: str, specification: Specification, directory: Path, cancelled: Event
) -> AbstractContextManager[tuple[subprocess.Popen[bytes], str]]:
    keep = specification.directory is not None
    match part:
        case "postgres":
            return postgres(directory, keep=keep, cancelled=cancelled)
        case "redis":
            return redis(directory, keep=keep, cancelled=cancelled)
        case _:
            return kafka(directory, specification.topics, cancelled)


def _data_directory(specification: Specification, stack: ExitStack) -> Path:
    if specification.directory is not None:
        directory = Path(specification.directory)
        directory.mkdir(parents=True, exist_ok=True)
        return directory.resolve()
    temporary = Path(tempfile.mkdtemp(prefix="huleedu-"))
    stack.callback(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _listen_to_owner(watched: set[int], cancelled: Event) -> None:
    for line in sys.stdin.buffer:
        word, pid = line.split()
        if word == b"watch":
            watched.add(int(pid))
        else:
            watched.discard(int(pid))
    cancelled.set()


def _kill_sessions(leaders: set[int]) -> None:
    for pid in leaders:
        process.kill_session(pid)


def _say(message: dict[str, object]) -> None:
    with suppress(BrokenPipeError):  # the owner has gone, which the listener notices
        os.write(sys.stdout.fileno(), (json.dumps(message) + "\n").encode())


if __name__ == "__main__":
    main(Specification.from_json(sys.argv[1]))
