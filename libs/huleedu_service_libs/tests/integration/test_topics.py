"""What a service finds and makes at a broker before it starts."""

import asyncio
import math
import os
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from common_core.topics import EVENTS, PARTITIONS
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.service import prepare_topics
from huleedu_service_libs.topics import topics_of, wait_for_topics
from libs.huleedu_service_libs.tests.ledger_service import router as heard
from scripts.kafka.broker import ApacheKafka

HOUR = 3_600.0


@pytest.fixture(scope="module")
def untouched_kafka() -> Iterator[ApacheKafka]:
    """A broker on which nobody else has made the topics of the events."""
    with ApacheKafka() as running:
        yield running


def fresh(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


async def partitions(bootstrap_servers: str, *topics: str) -> list[int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        found = await admin.describe_topics(list(topics))
        return [len(topic["partitions"]) for topic in found]
    finally:
        await admin.close()


async def create(bootstrap_servers: str, topic: str, **configuration: str) -> None:
    settings = {name.replace("_", "."): value for name, value in configuration.items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=settings)])
    finally:
        await admin.close()


def test_a_service_needs_what_it_hears_its_dead_letters_and_what_it_says() -> None:
    topics = topics_of("content_service", ["huleedu.cj.completed.v1"])
    assert topics == {
        "huleedu.cj.completed.v1": 6,
        "huleedu.cj.completed.v1.dlq": 1,
        "huleedu.content.essay-provisioned.v1": 6,
        "huleedu.content.essay-rejected.v1": 6,
        "huleedu.all.batch-data-deleted.v1": 6,
    }


async def test_topics_come_into_being_with_their_partitions(apache_kafka: ApacheKafka) -> None:
    address = apache_kafka.bootstrap_servers
    six, one = fresh("six"), fresh("one")
    kept = await wait_for_topics(address, {six: 6, one: 1}, retention_seconds=HOUR)
    assert kept == {six: HOUR, one: HOUR}
    assert await partitions(address, six, one) == [6, 1]


@pytest.mark.apache_kafka
async def test_the_topics_of_all_events_are_made_in_one_step(untouched_kafka: ApacheKafka) -> None:
    address = untouched_kafka.bootstrap_servers
    step = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "huleedu_service_libs.topics",
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": address},
    )
    assert await step.wait() == 0
    topics = [event.topic for event in EVENTS]
    assert await partitions(address, *topics) == [PARTITIONS] * len(EVENTS)


async def test_several_services_may_start_at_once(apache_kafka: ApacheKafka) -> None:
    topics = {fresh(f"topic-{number}"): 2 for number in range(5)}
    kept = await asyncio.gather(
        *(
            wait_for_topics(apache_kafka.bootstrap_servers, topics, retention_seconds=HOUR)
            for _ in range(5)
        )
    )
    assert kept == [dict.fromkeys(topics, HOUR)] * 5


@pytest.mark.parametrize(
    ("configuration", "seconds"),
    [
        ({"retention_ms": "5000"}, 5.0),
        ({"retention_ms": "-1"}, math.inf),
        ({"cleanup_policy": "compact", "retention_ms": "5000"}, math.inf),
    ],
)
async def test_a_topic_that_is_there_stays_as_it_is(
    apache_kafka: ApacheKafka, configuration: dict[str, str], seconds: float
) -> None:
    address, topic = apache_kafka.bootstrap_servers, fresh("there")
    await create(address, topic, **configuration)
    kept = await wait_for_topics(address, {topic: 6}, retention_seconds=HOUR)
    assert kept == {topic: seconds}
    assert await partitions(address, topic) == [1]


@pytest.mark.apache_kafka
async def test_a_service_refuses_a_topic_that_remembers_longer_than_its_inbox(
    untouched_kafka: ApacheKafka,
) -> None:
    settings = ServiceSettings(
        service_name="ledger_service",
        port=1,
        kafka_bootstrap_servers=untouched_kafka.bootstrap_servers,
        inbox_retention_seconds=8 * 86_400,
    )
    await prepare_topics(settings, heard)
    with pytest.raises(ValueError, match=r"shorter than the retention of huleedu\.\S+=604800"):
        await prepare_topics(settings.model_copy(update={"inbox_retention_seconds": HOUR}), heard)


async def test_a_broker_that_makes_topics_by_itself_is_left_alone(embedded_kafka: str) -> None:
    topic = fresh("made-on-demand")
    assert await wait_for_topics(embedded_kafka, {topic: 6}, retention_seconds=HOUR) == {
        topic: HOUR
    }
