"""What a broker still has of one correlation id, read without disturbing anybody."""

import json
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from common_core.events.envelope import headers
from common_core.events.essay_events import EssayContentRejectedV1
from common_core.topics import event_type_of
from huleedu_service_libs.dead_letters import dead_letter_topic
from huleedu_service_libs.testing.messages import envelope_of
from huleedu_service_libs.topics import wait_for_topics
from huleedu_service_libs.trail import said
from huleedu_service_libs.transaction import CAUSATION_HEADER
from libs.huleedu_service_libs.tests.ledger_service import rejection

TOPIC = event_type_of(EssayContentRejectedV1).topic


async def produce(brokers: str, *records: tuple[str, bytes, list[tuple[str, bytes]]]) -> None:
    topics = {topic: 2 for topic, _, _ in records}
    await wait_for_topics(brokers, topics, retention_seconds=3600)
    producer = AIOKafkaProducer(bootstrap_servers=brokers)
    await producer.start()
    try:
        for topic, value, stands_above in records:
            await producer.send_and_wait(topic, value, headers=stands_above)
    finally:
        await producer.stop()


def event(cause: UUID | None = None) -> tuple[UUID, UUID, bytes, list[tuple[str, bytes]]]:
    """Ids, bytes and headers of an event as a relay sends it."""
    envelope = envelope_of(rejection(uuid4()))
    above = headers(envelope)
    if cause is not None:
        above.append((CAUSATION_HEADER, str(cause).encode()))
    return (
        envelope.event_id,
        envelope.correlation_id,
        envelope.model_dump_json().encode(),
        above,
    )


async def test_events_of_the_id_are_found_with_their_cause_and_others_are_not(
    kafka_bootstrap_servers: str,
) -> None:
    cause = uuid4()
    event_id, correlation_id, value, above = event(cause)
    _, _, another, above_another = event()
    await produce(kafka_bootstrap_servers, (TOPIC, value, above), (TOPIC, another, above_another))

    [found] = await said(kafka_bootstrap_servers, correlation_id)

    assert (found.event_id, found.cause) == (event_id, cause)
    assert found.event_type == "EssayContentRejectedV1"
    assert found.said_at.isoformat() == json.loads(value)["event_timestamp"].replace("Z", "+00:00")
    assert found.set_aside_by is None


async def test_an_event_that_was_set_aside_says_by_whom(kafka_bootstrap_servers: str) -> None:
    event_id, correlation_id, value, above = event()
    aside = [
        *above,
        ("dead_letter_consumer", b"ras"),
        ("dead_letter_error", b"PoisonMessage"),
        ("dead_letter_reason", b"no field"),
    ]
    await produce(
        kafka_bootstrap_servers, (TOPIC, value, above), (dead_letter_topic(TOPIC), value, aside)
    )

    found = await said(kafka_bootstrap_servers, correlation_id)

    assert {each.event_id for each in found} == {event_id}
    assert {each.set_aside_by for each in found} == {None, "ras: PoisonMessage: no field"}


async def test_what_is_no_event_is_passed_over(kafka_bootstrap_servers: str) -> None:
    correlation_id = uuid4()
    above = [("correlation_id", str(correlation_id).encode()), ("event_id", b"none")]
    await produce(kafka_bootstrap_servers, (TOPIC, b"no json", above))

    assert await said(kafka_bootstrap_servers, correlation_id) == []
