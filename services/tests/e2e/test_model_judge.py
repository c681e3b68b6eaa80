"""A class set judged by a model that is biased, slow, busy and wrong, while the service is killed.

One real process of the comparison service with its servers; the endpoint and the texts are the
test's. The same verdicts without any disturbance give the ranking to be reached.
"""

import asyncio
import hashlib
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import TypeAdapter

from common_core.events.cj_events import AssessmentResultV1, CjAssessmentRequestedV1
from common_core.events.envelope import EventEnvelope
from common_core.identifiers import RunId
from common_core.topics import event_type_of
from huleedu_cli.stack import free_ports
from huleedu_embedded.infrastructure import Infrastructure
from huleedu_service_libs.testing.messages import envelope_of, message_of
from services.cj_assessment_service.tests.chat_server import (
    TOKENS_IN,
    TOKENS_OUT,
    Asked,
    ChatServer,
    Said,
    for_ever,
    verdict,
)
from services.cj_assessment_service.tests.conftest import essay, request_for

pytestmark = pytest.mark.asyncio(loop_scope="session")

ESSAYS = [essay(number) for number in range(30)]
QUALITY = [random.Random(number).gauss(0, 2) for number in range(30)]
IN_PRICE, OUT_PRICE = Decimal(2), Decimal(8)
PRICE = (TOKENS_IN * IN_PRICE + TOKENS_OUT * OUT_PRICE) / 1_000_000
CAP = Decimal(1)
PATIENCE = 90.0
SERVICE = "cj_assessment_service"
RESULTS = TypeAdapter(EventEnvelope[AssessmentResultV1])


def number_of(text: str) -> int:
    return int(text.split()[2].rstrip("."))


def chance(asked: Asked, what: str) -> float:
    """From 0 to 1, always the same for the same two essays in this order."""
    said = f"{what} {number_of(asked.first)} {number_of(asked.second)}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4]) / 2**32


async def biased(asked: Asked) -> Said:
    """A noisy judge that likes what it is shown first."""
    better = QUALITY[number_of(asked.first)] - QUALITY[number_of(asked.second)]
    noise = 2 * (chance(asked, "noise") - 0.5)
    return verdict("first" if better + 0.8 + noise > 0 else "second")


class Disturbed:
    """The same verdicts, late, among failures, and while `kill` ends who asks."""

    def __init__(self) -> None:
        self.happened: Counter[str] = Counter()
        self.service: Kept | None = None
        self._failed: set[tuple[str, str]] = set()

    async def __call__(self, asked: Asked) -> Said:
        pair = (asked.first, asked.second)
        before = self.happened["asked"]
        self.happened["asked"] += 1
        if before in {30, 90} and self.service is not None:
            self.happened["killed"] += 1
            said = await biased(asked)
            await self.service.kill()
            return said
        if before == 20:
            self.happened["stalled"] += 1
            return await for_ever()
        if before % 40 == 39:
            return self._note("limited", Said(status=429, headers={"Retry-After": "1"}))
        if pair not in self._failed:
            self._failed.add(pair)
            if chance(asked, "error") < 0.05:
                return self._note("failed", Said(status=500, error="internal"))
            if chance(asked, "malformed") < 0.02:
                return self._note("malformed", Said("The first essay, I think."))
        return await biased(asked)

    def _note(self, what: str, said: Said) -> Said:
        self.happened[what] += 1
        return said


class Kept:
    """The service as a process that is started again whenever it ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        while True:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"services.{SERVICE}", env={**os.environ, **self._environment}
            )
            await self._process.wait()

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def kept(environment: Mapping[str, str]) -> AsyncIterator[Kept]:
    service = Kept(environment)
    keeping = asyncio.create_task(service.keep())
    try:
        yield service
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await service.kill()


async def ranking(
    infrastructure: Infrastructure, request: CjAssessmentRequestedV1
) -> AssessmentResultV1:
    """Ask for an assessment and wait for its result."""
    servers = infrastructure.kafka_bootstrap_servers
    consumer = AIOKafkaConsumer(
        event_type_of(AssessmentResultV1).topic,
        bootstrap_servers=servers,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await consumer.start()
    await producer.start()
    try:
        message = message_of(envelope_of(request))
        await producer.send_and_wait(
            message.topic, message.value, key=message.key, headers=list(message.headers)
        )
        async with asyncio.timeout(PATIENCE):
            async for record in consumer:
                result = RESULTS.validate_json(record.value).data
                if result.run_id == request.run_id:
                    return result
        raise AssertionError
    finally:
        await producer.stop()
        await consumer.stop()


async def test_no_disturbance_changes_the_ranking_and_no_verdict_is_bought_twice(
    infrastructure: Infrastructure,
) -> None:
    disturbed = Disturbed()
    async with ChatServer(biased) as calm, ChatServer(disturbed) as wild:
        results = []
        for server, model in ((calm, "calm"), (wild, "wild")):
            [port] = free_ports(1)
            environment = {
                "PORT": str(port),
                "KAFKA_BOOTSTRAP_SERVERS": infrastructure.kafka_bootstrap_servers,
                "KAFKA_SESSION_TIMEOUT_MS": "3000",
                "REDIS_URL": infrastructure.redis_url,
                "DATABASE_URL": infrastructure.database_url,
                "CONTENT_URL": server.serve_texts(ESSAYS),
                "CJ_COMPARISONS_PER_ESSAY": "10",
                "CJ_MODEL_BASE_URL": server.url,
                "CJ_MODEL": model,
                "CJ_MODEL_INPUT_PRICE": str(IN_PRICE),
                "CJ_MODEL_OUTPUT_PRICE": str(OUT_PRICE),
                "CJ_MODEL_SPENDING_CAP": str(CAP),
                "CJ_MODEL_TIMEOUT_SECONDS": "4",
            }
            request = request_for(ESSAYS, run_id=RunId(uuid4()), judge="model")
            async with kept(environment) as service:
                disturbed.service = service
                results.append((request, await ranking(infrastructure, request)))
    (_, expected), (request, found) = results

    def places(result: AssessmentResultV1, run_id: RunId) -> list[tuple[int, float]]:
        asked = request_for(ESSAYS, run_id=run_id).essays
        number = {each.essay_id: place for place, each in enumerate(asked)}
        return [(number[score.essay_id], score.score) for score in result.essays]

    assert places(found, found.run_id) == places(expected, expected.run_id)
    assert found.reliability == expected.reliability
    happened = disturbed.happened
    assert happened["killed"] == 2
    assert happened["stalled"] == 1
    assert min(happened["failed"], happened["malformed"], happened["limited"]) > 0

    assert set(wild.bills.values()) == {1}
    bought = Counter(
        (asked.first, asked.second)
        for key, asked in {asked.key: asked for asked in wild.asked}.items()
        if wild.bills[key]
    )
    assert len(bought) == found.comparisons
    assert bought.total() == found.comparisons + happened["malformed"]

    database = await asyncpg.connect(infrastructure.database_url.rpartition("/")[0] + f"/{SERVICE}")
    try:
        committed = await database.fetchval(
            "SELECT committed FROM model_spending WHERE batch_id = $1", request.batch_id
        )
    finally:
        await database.close()
    assert bought.total() * PRICE <= committed <= CAP
