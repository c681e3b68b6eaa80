"""The process that owns the embedded servers: `python -m huleedu_embedded.host SPECIFICATION`.

It exists so that nothing outlives the program that asked for the servers. That program holds the
other end of standard input; when it closes, because the program is done or has been killed, this
process stops the servers, removes their data, and kills the sessions it was told to watch.
Should this process be killed itself, the servers end with it.

Standard input: lines `watch PID` and `forget PID`, for processes that lead a session of their own.
Standard output: one line of JSON, `{"addresses": {part: url}}` or `{"error": text}`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from huleedu_embedded import process
from huleedu_embedded.kafka import kafka
from huleedu_embedded.postgres import postgres
from huleedu_embedded.redis import redis
from huleedu_embedded.specification import Specification

_POLL_SECONDS = 0.5


def main(specification: Specification) -> None:
    owner = os.getppid()
    watched: set[int] = set()
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_listen_to_owner, args=(watched,), daemon=True).start()
    with ExitStack() as stack:
        directory = _data_directory(specification, stack)
        children: list[subprocess.Popen[bytes]] = []
        addresses: dict[str, str] = {}
        for part in specification.parts:
            try:
                child, addresses[part] = stack.enter_context(_run(part, specification, directory))
            except (process.ProcessFailedError, OSError) as error:
                _say({"error": f"The embedded {part} could not start. {error}"})
                sys.exit(1)
            children.append(child)
        stack.callback(_kill_sessions, watched)
        _say({"addresses": addresses})
        # A fork of the owner may hold our standard input open after its end.
        while os.getppid() == owner and all(child.poll() is None for child in children):
            time.sleep(_POLL_SECONDS)


def _run(
    part: str, specification: Specification, directory: Path
) -> AbstractContextManager[tuple[subprocess.Popen[bytes], str]]:
    keep = specification.directory is not None
    match part:
        case "postgres":
            return postgres(directory, keep=keep)
        case "redis":
            return redis(directory, keep=keep)
        case _:
            return kafka(directory, specification.topics)


def _data_directory(specification: Specification, stack: ExitStack) -> Path:
    if specification.directory is not None:
        directory = Path(specification.directory)
        directory.mkdir(parents=True, exist_ok=True)
        return directory.resolve()
    temporary = Path(tempfile.mkdtemp(prefix="huleedu-"))
    stack.callback(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _listen_to_owner(watched: set[int]) -> None:
    for line in sys.stdin.buffer:
        word, pid = line.split()
        if word == b"watch":
            watched.add(int(pid))
        else:
            watched.discard(int(pid))
    os.kill(os.getpid(), signal.SIGTERM)


def _kill_sessions(leaders: set[int]) -> None:
    for pid in leaders:
        process.kill_session(pid)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; cleaning up takes a moment
    sys.exit(0)


def _say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Specification.from_json(sys.argv[1]))
