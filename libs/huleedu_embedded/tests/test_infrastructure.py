"""Starting and ending, in order and out of order."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from redis import Redis

from huleedu_embedded import process
from huleedu_embedded.infrastructure import Infrastructure, infrastructure

PROGRAM = """
import os, signal, sys
from huleedu_embedded.infrastructure import infrastructure
with infrastructure() as running:
    print("ready", running.database_url, flush=True)
    signal.pause()
"""
FORBID_USER_NAMESPACES = """
import ctypes, os, struct
number = {"x86_64": 272, "aarch64": 97}[os.uname().machine]  # of the system call unshare
program = b"".join([
    struct.pack("HBBI", 0x20, 0, 0, 0),  # load the number of the system call
    struct.pack("HBBI", 0x15, 0, 1, number),
    struct.pack("HBBI", 0x06, 0, 0, 0x00050001),  # answer EPERM
    struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000),  # allow
])
buffer = ctypes.create_string_buffer(program)
libc = ctypes.CDLL(None, use_errno=True)
filter = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter)) == 0
"""


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the processes of a test a folder for temporary files, by which they are also found."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HULEEDU_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def program(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with child:
        yield child
        child.kill()


def processes_marked_by(folder: Path) -> list[int]:
    """Those that were started with this folder for temporary files, zombies left out."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue  # another user's, or gone
        if mark in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def wait_until(fact: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def nothing_is_left(temporary: Path) -> bool:
    return not processes_marked_by(temporary) and not list(temporary.iterdir())


def test_leaving_stops_the_servers_and_removes_their_data(temporary: Path) -> None:
    with infrastructure() as running:
        assert Redis.from_url(running.redis_url).ping()
        assert processes_marked_by(temporary)
    assert nothing_is_left(temporary)


async def test_topics_have_the_partitions_that_were_asked_for() -> None:
    async with (
        infrastructure(topics={"huleedu.test.wide.v1": 7}) as running,
        AIOKafkaProducer(bootstrap_servers=running.kafka_bootstrap_servers) as producer,
    ):
        assert await producer.partitions_for("huleedu.test.wide.v1") == set(range(7))


def test_what_the_environment_names_is_used_and_not_started(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/postgres")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    with infrastructure() as running:
        assert running.database_url == "postgresql://elsewhere/postgres"
        assert running.kafka_bootstrap_servers == "elsewhere:9092"
        assert Redis.from_url(running.redis_url).ping()
        assert sorted(path.name for path in next(temporary.iterdir()).iterdir()) == [
            "redis",
            "redis.log",
        ]


def test_several_can_run_at_once() -> None:
    def start() -> Infrastructure:
        with infrastructure() as running:
            assert Redis.from_url(running.redis_url).ping()
            return running

    with ThreadPoolExecutor(3) as pool:
        started = [pool.submit(start) for _ in range(3)]
        addresses = [future.result().database_url for future in started]
    assert len(set(addresses)) == 3


async def test_data_in_a_given_folder_is_there_again_the_next_time(tmp_path: Path) -> None:
    for expected in (0, 1):
        async with infrastructure(tmp_path / "kept") as running:
            connection = await asyncpg.connect(running.database_url)
            await connection.execute("CREATE TABLE IF NOT EXISTS run (at timestamptz)")
            assert await connection.fetchval("SELECT count(*) FROM run") == expected
            await connection.execute("INSERT INTO run VALUES (now())")
            await connection.close()
            with Redis.from_url(running.redis_url) as client:
                assert client.incr("runs") == expected + 1


def test_a_killed_program_leaves_no_process_and_no_data(
    program: subprocess.Popen[str], temporary: Path
) -> None:
    assert program.stdout is not None
    assert program.stdout.readline().startswith("ready")
    program.kill()
    program.wait()
    assert wait_until(lambda: nothing_is_left(temporary), seconds=2)


def test_a_killed_host_takes_its_servers_with_it(
    program: subprocess.Popen[str], temporary: Path
) -> None:
    assert program.stdout is not None
    assert program.stdout.readline().startswith("ready")
    [host] = [
        pid
        for pid in processes_marked_by(temporary)
        if b"huleedu_embedded.host" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(host, signal.SIGKILL)
    assert wait_until(lambda: processes_marked_by(temporary) == [program.pid], seconds=2)


@pytest.mark.parametrize("milliseconds", [50, 150, 250, 350, 450, 600])
def test_an_interrupt_while_starting_leaves_nothing(
    program: subprocess.Popen[str], temporary: Path, milliseconds: int
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(milliseconds / 1000)
    program.send_signal(signal.SIGINT)
    program.wait(10)
    assert wait_until(lambda: nothing_is_left(temporary), seconds=2)


def test_an_interrupt_while_initialising_leaves_no_half_template(
    empty_cache: Path, program: subprocess.Popen[str], temporary: Path
) -> None:
    assert wait_until(lambda: any(empty_cache.glob(".new-*/cluster/data/base")), seconds=10)
    program.send_signal(signal.SIGINT)
    program.wait(10)
    assert wait_until(lambda: nothing_is_left(temporary), seconds=2)
    assert not list(empty_cache.iterdir())


def test_postgres_runs_where_user_namespaces_are_forbidden(temporary: Path) -> None:
    finished = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-c",
            FORBID_USER_NAMESPACES
            + textwrap.dedent("""
                import asyncio, asyncpg
                from huleedu_embedded.infrastructure import infrastructure

                async def main():
                    async with infrastructure() as running:
                        connection = await asyncpg.connect(running.database_url)
                        print(await connection.fetchval("SELECT 6 * 7"))
                        await connection.close()

                asyncio.run(main())
            """),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.stdout == "42\n", finished.stderr
    assert nothing_is_left(temporary)


def test_another_port_is_tried_when_somebody_was_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        taken = somebody.getsockname()[1]
        free = process.free_port()
        ports = iter([taken, free])
        monkeypatch.setattr(process, "free_port", lambda: next(ports))

        def start_on(port: int) -> subprocess.Popen[bytes]:
            listen = f"import socket; s = socket.create_server(('127.0.0.1', {port}))"
            wait = "print('serving', flush=True); s.accept()"
            return process.start([sys.executable, "-c", f"{listen}; {wait}"], log=log)

        child, port = process.start_on_free_port(
            start_on, log, "^serving", port_taken="Address already in use", cancelled=Event()
        )
        process.stop(child)
    assert port == free


def test_a_program_that_ends_before_it_is_ready_fails_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    child = process.start([sys.executable, "-c", "raise SystemExit('no licence')"], log=log)
    with pytest.raises(process.ProcessFailedError, match="no licence"):
        process.wait_for_line(child, log, "ready", seconds=10, cancelled=Event())


def test_a_program_that_ignores_the_request_to_end_is_killed_with_its_children(
    tmp_path: Path, temporary: Path
) -> None:
    log = tmp_path / "log"
    deaf = "import signal, os; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork()"
    program = f"{deaf}; print('ready', flush=True); signal.pause()"
    child = process.start([sys.executable, "-c", program], log=log)
    process.wait_for_line(child, log, "ready", seconds=10, cancelled=Event())
    process.stop(child, seconds=0.1)
    assert wait_until(lambda: not processes_marked_by(temporary), seconds=2)
