"""Of a deleted batch nothing is left in any database, nor in Redis, and nothing comes back."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from redis.asyncio import Redis

from common_core.events.deletion_events import BatchDeletionCompletedV1
from common_core.events.essay_events import EssayContentProvisionedV1
from common_core.identifiers import BatchId, TextId
from common_core.topics import KEEPERS, event_type_of
from huleedu_cli.client import Gateway
from huleedu_cli.running import Running
from huleedu_service_libs.testing.messages import envelope_of, message_of
from services.tests.e2e.class_set import FrontDoor, hand_in
from services.tests.e2e.poison import send, send_poison

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_SECONDS = 60.0
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
PUPILS = ("anna", "bo", "cecilia", "david")


@asynccontextmanager
async def connected(stack: Running, database: str) -> AsyncIterator[Any]:
    address = urlsplit(stack.infrastructure.database_url)
    connection = await asyncpg.connect(address._replace(path=f"/{database}").geturl())
    try:
        yield connection
    finally:
        await connection.close()


async def places_with(stack: Running, word: str) -> set[str]:
    """Every table with a row that has the word, as text or as bytes, and Redis."""
    found = set()
    for database in (*KEEPERS, "batch_orchestrator_service"):
        async with connected(stack, database) as connection:
            for table in [row["tablename"] for row in await connection.fetch(_TABLES)]:
                query = f'SELECT 1 FROM "{table}" t WHERE t::text ~* $1 LIMIT 1'  # noqa: S608 - its own names
                if await connection.fetchval(query, f"{word}|{word.encode().hex()}"):
                    found.add(f"{database}.{table}")
    async with Redis.from_url(stack.infrastructure.redis_url) as redis:
        async for key in redis.scan_iter():
            value = await redis.get(key) if await redis.type(key) == b"string" else b""
            if word.encode() in (key + (value or b"")).lower():
                found.add("redis")
    return found


@asynccontextmanager
async def deletion(stack: Running, batch_id: str) -> AsyncIterator[None]:
    """Asked for within; at the end it is said that every service has confirmed."""
    topic = event_type_of(BatchDeletionCompletedV1).topic
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=stack.infrastructure.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield
        async with asyncio.timeout(WITHIN_SECONDS):
            async for message in consumer:
                if json.loads(message.value)["data"]["batch_id"] == batch_id:
                    return
    finally:
        await consumer.stop()


async def huleedu(front_door: FrontDoor, *arguments: str, says: str = "") -> tuple[int, str]:
    """A command as a person types it: exit code and what it prints."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("huleedu"),
        *arguments,
        "--gateway",
        front_door.url,
        env={**os.environ, "HULEEDU_API_KEY": front_door.key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate(says.encode())
    return process.returncode or 0, printed.decode()


def class_of(folder: Path, marker: str) -> list[Path]:
    files = [folder / f"{pupil}_{marker}.txt" for pupil in PUPILS]
    for number, file in enumerate(files):
        text = f"The {marker} was wonderfull. I recieved it {'very ' * number}late, said {marker}."
        file.write_text(f"{text}\n\nIt is the end of essay number {number}.", "utf-8")
    broken = folder / f"erik_{marker}.pdf"
    broken.write_bytes(b"no such thing")
    return [*files, broken]


async def until_found_in(stack: Running, word: str, *places: str) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not set(places) <= await places_with(stack, word):  # noqa: ASYNC110 - in other processes
            await asyncio.sleep(0.2)


async def test_names_texts_and_reasons_of_a_finished_batch_are_gone(
    gateway: Gateway, http: httpx.AsyncClient, stack: Running, tmp_path: Path
) -> None:
    marker = f"xq{uuid4().hex[:10]}"
    batch_id = await hand_in(
        gateway,
        class_of(tmp_path, marker),
        name=f"Class of {marker}",
        assignment=f"Write about {marker}.",
        glossary=[marker],
    )
    async for _status in gateway.events(batch_id):
        pass
    essays = (await gateway.results(batch_id))["essays"]
    assert sum(essay["status"] == "assessed" for essay in essays) == len(PUPILS)
    await send_poison(stack, batch_id, f"Said {marker}.")
    await until_found_in(
        stack,
        marker,
        "batch_conductor_service.phase_results",
        "batch_orchestrator_service.batches",
        "cj_assessment_service.essays",
        "content_service.texts",
        "essay_lifecycle_service.essays_in_phase",
        "result_aggregator_service.dead_letters",
        "result_aggregator_service.facts",
        "redis",
    )

    async with deletion(stack, batch_id):
        deleted = await http.delete(f"/v1/batches/{batch_id}")
        assert deleted.status_code == httpx.codes.ACCEPTED, deleted.text

    assert await places_with(stack, marker) == set()
    left = {place.rpartition(".")[2] for place in await places_with(stack, batch_id)}
    assert left <= {"barred_batches", "deletions", "outbox", "redis"}
    shown = await http.get(f"/v1/batches/{batch_id}/deletion")
    assert shown.json()["completed_at"] is not None
    assert (await http.get(f"/v1/batches/{batch_id}/results")).status_code == httpx.codes.GONE


def provisioned(batch_id: UUID, name: str) -> EssayContentProvisionedV1:
    return EssayContentProvisionedV1(
        batch_id=BatchId(batch_id),
        file_name=name,
        file_hash="0" * 64,
        text_id=TextId("0" * 64),
        word_count=1,
        character_count=1,
    )


async def test_a_batch_deleted_at_work_does_not_come_back_with_what_was_under_way(
    gateway: Gateway, front_door: FrontDoor, stack: Running, tmp_path: Path
) -> None:
    """Events of one key come in order: with the canary's, the late one has been dealt with."""
    marker = f"xq{uuid4().hex[:10]}"
    batch_id = await hand_in(gateway, class_of(tmp_path, marker), name=f"Class of {marker}")

    code, printed = await huleedu(front_door, "batches", "delete", batch_id, says="n\n")
    assert (code, marker in printed, "for ever?" in printed) == (1, True, True)
    assert (await gateway.status(batch_id))["name"] == f"Class of {marker}"
    async with deletion(stack, batch_id):
        code, printed = await huleedu(front_door, "batches", "delete", batch_id, says="y\n")
        assert (code, "Deleted; every service has forgotten it." in printed) == (0, True), printed
    code, printed = await huleedu(front_door, "batches", "show", batch_id)
    assert (code, "This batch was deleted at " in printed) == (0, True)
    canary = f"canary{uuid4().hex[:10]}"
    late = [
        message_of(envelope_of(provisioned(batch, name)))
        for batch, name in ((UUID(batch_id), f"late_{marker}.txt"), (uuid4(), canary))
    ]
    await send(stack, *((each.topic, b"one key", each.value or b"") for each in late))
    await until_found_in(
        stack, canary, "essay_lifecycle_service.uploads", "result_aggregator_service.facts"
    )

    assert await places_with(stack, marker) == set()
