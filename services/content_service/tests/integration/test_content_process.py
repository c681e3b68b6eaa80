"""The whole service as a process on real servers."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer

from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.topics import event_type_of
from huleedu_embedded.infrastructure import Infrastructure

ROOT = Path(__file__).parents[4]
PATIENCE = 30.0
TOPICS = [
    event_type_of(model).topic for model in (EssayContentProvisionedV1, EssayContentRejectedV1)
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(fact: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await fact():  # noqa: ASYNC110 - the fact is in another process
            await asyncio.sleep(0.02)


def children(pid: int) -> list[int]:
    """Ask the kernel: these tests look at processes, and so need Linux."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def end_of(pids: list[int]) -> None:
    async def all_ended() -> bool:
        return not any(map(runs, pids))

    await until(all_ended)


@asynccontextmanager
async def running(
    infrastructure: Infrastructure,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.content_service",
        cwd=ROOT,
        env={**os.environ, **infrastructure.environment(), "PORT": str(port)},
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE
        ) as client:
            await until(lambda: ready(client))
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def test_files_become_events_in_kafka_and_the_process_leaves_nothing_behind(
    infrastructure: Infrastructure,
) -> None:
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=infrastructure.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    )
    async with running(infrastructure) as (process, client), consumer:
        await consumer.seek_to_end()  # other tests have written what is no event
        batch = uuid4()
        answer = await client.post(
            f"/v1/batches/{batch}/essays",
            files=[("files", ("a.txt", b"One essay.")), ("files", ("b.pdf", b"No PDF."))],
        )
        assert [file["status"] for file in answer.json()["files"]] == ["accepted", "rejected"]
        said: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while len(said) < 2:
                message = await consumer.getone()
                event = json.loads(message.value)
                if event["data"]["batch_id"] == str(batch):
                    said[event["data"]["file_name"]] = event["event_type"]
        assert said == {"a.txt": "EssayContentProvisionedV1", "b.pdf": "EssayContentRejectedV1"}

        workers = children(process.pid)
        assert workers
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        await end_of(workers)


async def test_a_killed_service_takes_its_worker_processes_with_it(
    infrastructure: Infrastructure,
) -> None:
    async with running(infrastructure) as (process, client):
        await client.post(f"/v1/batches/{uuid4()}/essays", files={"files": ("a.txt", b"One.")})
        workers = children(process.pid)
        assert workers
        process.kill()
        await end_of(workers)


async def test_a_huge_upload_is_refused_in_bounded_memory(infrastructure: Infrastructure) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="huge.txt"\r\n\r\n'
        yield head
        for _ in range(300):
            yield b"x" * 1_000_000

    async with running(infrastructure) as (process, client):
        before = resident_bytes(process.pid)
        answer = await client.post(
            f"/v1/batches/{uuid4()}/essays",
            content=chunks(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "upload_too_large"
        assert resident_bytes(process.pid) - before < 60_000_000
