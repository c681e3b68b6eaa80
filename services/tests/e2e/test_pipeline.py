"""Class sets through all eight processes, undisturbed and disturbed."""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from common_core.events.batch_events import BatchEssaysAddedV1, BatchRunControlledV1
from common_core.events.deletion_events import AboutDeletion
from common_core.events.spellcheck_events import SpellcheckEngineStartedV1
from common_core.topics import EVENTS
from huleedu_cli.client import Gateway
from huleedu_cli.running import Running
from services.tests.e2e.class_set import (
    ENGLISH,
    SWEDISH,
    FrontDoor,
    assess,
    hand_in,
    rank_of,
    without_ids,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = {"essay_03.txt", "essay_05.docx", "essay_09.txt", "essay_11.txt"}
BAD = {"essay_02.txt", "essay_04.txt", "essay_08.txt", "essay_10.txt"}
CONSUMERS = (
    "essay_lifecycle_service",
    "batch_conductor_service",
    "batch_orchestrator_service",
    "spellchecker_service",
    "result_aggregator_service",
    "cj_assessment_service",
)
PATIENCE = 90.0

Results = dict[str, Any]


@pytest.fixture(scope="session")
def undisturbed() -> dict[str, Results]:
    """Filled by the first test that needs it: a plain run is the measure of all others."""
    return {}


async def plain_run(gateway: Gateway, undisturbed: dict[str, Results]) -> Results:
    if "english" not in undisturbed:
        undisturbed["english"] = await assess(gateway, ENGLISH)
    return undisturbed["english"]


async def test_good_essays_stand_above_bad_ones(
    gateway: Gateway, undisturbed: dict[str, Results]
) -> None:
    results = await plain_run(gateway, undisturbed)
    ranks = rank_of(results)
    assert sorted(ranks.values()) == list(range(1, len(ENGLISH) + 1))
    assert max(ranks[file] for file in GOOD) < min(ranks[file] for file in BAD)
    assert all(essay["status"] == "assessed" for essay in results["essays"])
    assert sum(essay["score"] for essay in results["essays"]) == pytest.approx(0, abs=1e-6)
    assert 0.7 < results["reliability"] <= 1


async def test_every_correction_is_an_exact_slice_and_makes_the_corrected_text(
    gateway: Gateway, undisturbed: dict[str, Results]
) -> None:
    results = await plain_run(gateway, undisturbed)
    assert any(essay["corrections"] for essay in results["essays"])
    for essay in results["essays"]:
        text = essay["text"]
        for correction in reversed(essay["corrections"]):
            start, end = correction["start"], correction["end"]
            assert essay["text"][start:end] == correction["original"]
            text = text[:start] + correction["suggestions"][0] + text[end:]
        assert text == essay["corrected_text"]


async def test_a_swedish_class_set_is_ranked_and_corrected(gateway: Gateway) -> None:
    results = await assess(gateway, SWEDISH, language="sv")
    assert all(essay["status"] == "assessed" for essay in results["essays"])
    assert any(essay["corrections"] for essay in results["essays"])


async def test_a_consumer_killed_at_any_step_changes_nothing(
    gateway: Gateway, stack: Running, undisturbed: dict[str, Results]
) -> None:
    expected = await plain_run(gateway, undisturbed)
    batch_id = await hand_in(gateway, ENGLISH)
    to_kill = list(CONSUMERS)
    async for status in gateway.events(batch_id):
        comparing = status["phases"] and status["phases"][-1]["done"] > 0
        if to_kill and (to_kill[0] != "cj_assessment_service" or comparing):
            os.kill(stack.launcher.pids()[to_kill.pop(0)], signal.SIGKILL)
    assert not to_kill
    await stack.launcher.ready()
    results = await gateway.results(batch_id)
    assert without_ids(results) == without_ids(expected)


async def test_every_event_delivered_twice_changes_nothing(
    gateway: Gateway, stack: Running, undisturbed: dict[str, Results]
) -> None:
    expected = await plain_run(gateway, undisturbed)
    before = await duplicates(stack)
    async with repeated_events(stack) as repeated:
        batch_id = await hand_in(gateway, ENGLISH)
        async for _status in gateway.events(batch_id):
            pass
        first = await gateway.results(batch_id)
        async with asyncio.timeout(PATIENCE):
            while await duplicates(stack) - before < sum(repeated.values()) - 1:  # noqa: ASYNC110 — in other processes
                await asyncio.sleep(0.1)
    assert len(repeated) > 12
    assert without_ids(first) == without_ids(expected)
    assert await gateway.results(batch_id) == first


async def test_a_second_run_takes_over_what_has_not_changed(
    gateway: Gateway, http: httpx.AsyncClient, undisturbed: dict[str, Results]
) -> None:
    first = await plain_run(gateway, undisturbed)
    batch = f"/v1/batches/{first['batch_id']}"
    answer = await http.post(
        f"{batch}/pipelines", json={"pipeline": ["spellcheck", "cj_assessment"]}
    )
    assert answer.status_code == 202
    run_id = answer.json()["run_id"]

    async def of_this_run() -> Results | None:
        found = await http.get(f"{batch}/results")
        return found.json() if found.is_success and found.json()["run_id"] == run_id else None

    async with asyncio.timeout(PATIENCE):
        while (results := await of_this_run()) is None:  # noqa: ASYNC110 — in other processes
            await asyncio.sleep(0.05)
    assert without_ids(results) == without_ids(first)


@pytest.fixture
def troubled(tmp_path: Path) -> list[Path]:
    """Three good essays, one that cannot be read, and one too many."""
    broken = tmp_path / "broken.docx"
    broken.write_bytes(b"PK\x03\x04 this is no document")
    surplus = tmp_path / "surplus.txt"
    surplus.write_text("One essay more than was registered. It is kept but not assessed.")
    return [*ENGLISH[:3], broken, surplus]


async def test_files_that_cannot_be_read_are_named_and_the_rest_goes_on(
    gateway: Gateway, troubled: list[Path]
) -> None:
    """Whichever of the surplus and the unreadable file is heard of first, both are told about."""
    batch_id = await hand_in(gateway, troubled, essay_count=4)
    *_, status = [status async for status in gateway.events(batch_id)]
    results = await gateway.results(batch_id)
    failed = {e["file"]: e["error"] or "" for e in results["essays"] if e["status"] == "failed"}
    assessed = {essay["file"] for essay in results["essays"] if essay["status"] == "assessed"}
    told = failed | {notice["file"]: notice["reason"] for notice in status["notices"]}
    assert "docx" in told["broken.docx"].lower() or "word" in told["broken.docx"].lower()
    assert status["status"] == ("completed_with_failures" if failed else "completed")
    assert assessed | set(told) == {path.name for path in troubled}
    assert len(assessed) == 4 - len(failed)


_ASKED_FOR = (BatchRunControlledV1, BatchEssaysAddedV1, AboutDeletion)
"""What its owner does to a batch."""


async def test_every_event_that_needs_no_owner_is_said(
    gateway: Gateway, stack: Running, troubled: list[Path]
) -> None:
    not_now = (*_ASKED_FOR, SpellcheckEngineStartedV1)  # the last was said when the stack started
    spoken = {event.topic for event in EVENTS if not issubclass(event.model, not_now)}
    async with heard_topics(stack) as topics:
        await assess(gateway, troubled, essay_count=4)
        async with asyncio.timeout(PATIENCE):
            while not topics >= spoken:  # noqa: ASYNC110 — in other processes
                await asyncio.sleep(0.1)


async def test_somebody_elses_batch_does_not_exist(
    front_door: FrontDoor, undisturbed: dict[str, Results], gateway: Gateway
) -> None:
    batch_id = (await plain_run(gateway, undisturbed))["batch_id"]
    async with httpx.AsyncClient(base_url=front_door.url) as stranger:
        answer = await stranger.get(
            f"/v1/batches/{batch_id}", headers={"Authorization": "Bearer guess"}
        )
    assert answer.status_code == 401


async def duplicates(stack: Running) -> float:
    """How many deliveries all services together have recognised as repeats."""
    total = 0.0
    async with httpx.AsyncClient() as client:
        for program in stack.stack.programs:
            page = await client.get(program.ready_url.replace("/readyz", "/metrics"))
            found = re.findall(r'huleedu_events_total\{.*outcome="duplicate".*\} (\S+)', page.text)
            total += sum(float(value) for value in found)
    return total


@asynccontextmanager
async def heard_topics(stack: Running) -> AsyncIterator[set[str]]:
    topics: set[str] = set()
    async with _listening(stack) as consumer:
        task = asyncio.create_task(_note(consumer, topics))
        yield topics
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _note(consumer: Any, topics: set[str]) -> None:
    async for record in consumer:
        topics.add(record.topic)


@asynccontextmanager
async def repeated_events(stack: Running) -> AsyncIterator[Counter[str]]:
    """Send every event once more as soon as it appears; how many of each topic there were."""
    repeated: Counter[str] = Counter()
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.infrastructure.kafka_bootstrap_servers, acks="all"
    )
    await producer.start()
    async with _listening(stack) as consumer:
        task = asyncio.create_task(_repeat(consumer, producer, repeated))
        yield repeated
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await producer.stop()


async def _repeat(consumer: Any, producer: Any, repeated: Counter[str]) -> None:
    async for record in consumer:
        if ("repeated", b"") not in record.headers:
            await producer.send_and_wait(
                record.topic,
                record.value,
                key=record.key,
                headers=[*record.headers, ("repeated", b"")],
                partition=record.partition,
            )
            repeated[record.topic] += 1


@asynccontextmanager
async def _listening(stack: Running) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        *(row.topic for row in EVENTS),
        bootstrap_servers=stack.infrastructure.kafka_bootstrap_servers,
        auto_offset_reset="latest",
    )
    await consumer.start()
    await asyncio.gather(*(consumer.position(tp) for tp in consumer.assignment()))
    try:
        yield consumer
    finally:
        await consumer.stop()
