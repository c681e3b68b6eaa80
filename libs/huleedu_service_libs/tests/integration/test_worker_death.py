"""Two worker processes on Apache Kafka, and one of them dies or is frozen in its handlers."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from huleedu_embedded.process import free_port
from huleedu_service_libs.kafka_clients import Access
from huleedu_service_libs.testing.messages import envelope_of, message_of
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection
from scripts.kafka.broker import ApacheKafka

ROOT = Path(__file__).parents[4]
PATIENCE_SECONDS = 60.0
RECOVERY_SECONDS = 15.0
"""After a death, with a session timeout of 10 s."""
EVENTS = 24
"""As many in each partition: half of them for each worker, which can begin all of those at once."""


@dataclass
class WorkerProcess:
    process: asyncio.subprocess.Process
    port: int
    handling: set[str] = field(default_factory=set)

    async def is_ready(self) -> bool:
        assert self.process.returncode is None
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).is_success
            except httpx.TransportError:
                return False

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            word, _, text = line.decode().strip().partition(" ")
            if word == "handling":
                self.handling.add(text)


@dataclass
class Place:
    """One ledger service with its database, on the session's servers."""

    name: str
    environment: dict[str, str]
    released: Path
    access: Access = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        return f"{self.environment['DATABASE_URL'].rpartition('/')[0]}/{self.name}"

    @asynccontextmanager
    async def worker(self, **environment: str) -> AsyncIterator[WorkerProcess]:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "libs.huleedu_service_libs.tests.ledger_worker"),
            cwd=ROOT,
            env=os.environ | self.environment | environment | {"PORT": str(port)},
            stdout=asyncio.subprocess.PIPE,
        )
        worker = WorkerProcess(process, port)
        listening = asyncio.create_task(worker.listen())
        try:
            await until(worker.is_ready)
            yield worker
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await listening

    async def put(self, texts: Sequence[str]) -> None:
        """Events of both kinds of handler, each with a key of its own, evenly over partitions."""
        brokers = self.environment["KAFKA_BOOTSTRAP_SERVERS"]
        producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", **self.access)
        await producer.start()
        try:
            for number, text in enumerate(texts):
                data = rejection(reason=text) if number % 2 else excess(reason=text)
                message = message_of(envelope_of(data))
                partitions = sorted(await producer.partitions_for(message.topic))
                await producer.send_and_wait(
                    message.topic,
                    message.value,
                    message.key,
                    partition=partitions[number // 2 % len(partitions)],
                    headers=list(message.headers),
                )
        finally:
            await producer.stop()

    async def written(self) -> Counter[str]:
        """How often each text stands in the ledger."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return Counter(row["text"] for row in await connection.fetch("SELECT text FROM ledger"))
        finally:
            await connection.close()


async def until(fact: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await fact():  # noqa: ASYNC110 - the fact is in another process
            await asyncio.sleep(0.05)


@pytest.fixture
async def place(
    apache_kafka: ApacheKafka, redis_url: str, postgres_url: str, tmp_path: Path
) -> AsyncIterator[Place]:
    name = f"ledger_{uuid4().hex[:8]}"
    environment = {
        "SERVICE_NAME": name,
        "KAFKA_BOOTSTRAP_SERVERS": apache_kafka.bootstrap_servers,
        "REDIS_URL": redis_url,
        "DATABASE_URL": postgres_url,
        "KAFKA_SESSION_TIMEOUT_MS": "10000",
        "RELEASED": str(tmp_path / "released"),
    }
    yield Place(name, environment, tmp_path / "released")
    server = await asyncpg.connect(postgres_url)
    await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await server.close()


async def test_what_a_killed_worker_had_under_way_is_done_by_another_within_15_seconds(
    place: Place,
) -> None:
    texts = [f"{place.name} {number}" for number in range(EVENTS)]
    async with place.worker() as survivor, place.worker(HOLD=place.name) as victim:
        await until(survivor.is_ready)
        await place.put(texts)

        async def all_begun() -> bool:
            return set(texts) <= victim.handling | survivor.handling

        await until(all_begun)
        assert victim.handling.intersection(texts), "it has none to lose"
        victim.process.kill()
        died = time.monotonic()
        own = Counter(texts)

        async def all_done() -> bool:
            return set(texts) <= set(await place.written())

        await until(all_done)
        assert time.monotonic() - died < RECOVERY_SECONDS
        written = await place.written()
        assert {text: written[text] for text in texts} == own


async def test_a_frozen_worker_that_wakes_up_repeats_nothing(place: Place) -> None:
    texts = [f"{place.name} {number}" for number in range(EVENTS)]
    async with place.worker() as survivor, place.worker(HOLD=place.name) as frozen:
        await until(survivor.is_ready)
        await place.put(texts)

        async def all_begun() -> bool:
            return set(texts) <= frozen.handling | survivor.handling

        await until(all_begun)
        in_work = {text for text in texts[::2] if text in frozen.handling}
        assert in_work, "it has none to lose"
        frozen.process.send_signal(signal.SIGSTOP)

        async def taken_over() -> bool:
            """Work before a transaction; an open transaction holds its row until it wakes up."""
            return in_work <= set(await place.written())

        await until(taken_over)
        place.released.touch()
        frozen.process.send_signal(signal.SIGCONT)

        async def all_done() -> bool:
            return set(texts) <= set(await place.written())

        await until(all_done)
        await until(frozen.is_ready)
        frozen.process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(frozen.process.wait(), PATIENCE_SECONDS)
        written = await place.written()
        assert {text: written[text] for text in texts} == dict.fromkeys(texts, 1)
