"""What was said under one correlation id, read from the topics as long as the brokers keep it.

Every topic is read once from its beginning to where it ends now, and of its messages only those
with the correlation id are kept. No consumer group takes part, so nothing changes for anybody.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from common_core.topics import EVENTS
from huleedu_service_libs.dead_letters import dead_letter_topic
from huleedu_service_libs.kafka_clients import Access
from huleedu_service_libs.transaction import CAUSATION_HEADER

_POLL_MS = 500


@dataclass(frozen=True)
class Said:
    """An event on its topic, or set aside on the topic of dead letters."""

    event_id: UUID
    event_type: str
    service: str
    cause: UUID | None
    said_at: datetime
    """When its service said it, by that service's clock."""
    sent_at: datetime
    """When the relay handed it to the broker."""
    set_aside_by: str | None = None
    """The consumer that could not handle it, with the reason."""


async def said(brokers: str, correlation_id: UUID, access: Access | None = None) -> list[Said]:
    """All events with this id that are on a topic. Raises KafkaError."""
    wanted = str(correlation_id).encode()
    async with _reading(brokers, access or {}) as consumer:
        existing = await consumer.topics()  # to ask for another one would create it
    topics = {topic for row in EVENTS for topic in (row.topic, dead_letter_topic(row.topic))}
    if not topics & existing:
        return []
    async with _reading(brokers, access or {}, *(topics & existing)) as consumer:
        found = [
            _said(record)
            async for record in _everything(consumer)
            if dict(record.headers).get("correlation_id") == wanted
        ]
    return [event for event in found if event is not None]


@asynccontextmanager
async def _reading(brokers: str, access: Access, *topics: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=brokers,
        **access,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _everything(consumer: Any) -> AsyncIterator[Any]:
    """From the beginning to where it ends now."""
    partitions = list(consumer.assignment())
    ends = await consumer.end_offsets(partitions)
    left = {each for each in partitions if await consumer.position(each) < ends[each]}
    while left:
        polled = await consumer.getmany(*left, timeout_ms=_POLL_MS)
        for records in polled.values():
            for record in records:
                yield record
        left = {each for each in left if await consumer.position(each) < ends[each]}


def _said(record: Any) -> Said | None:
    """None for what is no event."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    event_id = _uuid(headers.get("event_id"))
    if event_id is None:
        return None
    sent_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Said(
        event_id=event_id,
        event_type=headers.get("event_type", record.topic),
        service=headers.get("source_service", "?"),
        cause=_uuid(headers.get(CAUSATION_HEADER)),
        said_at=_said_at(record.value) or sent_at,
        sent_at=sent_at,
        set_aside_by=_set_aside_by(headers),
    )


def _said_at(value: bytes | None) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(value or b"")["event_timestamp"])
    except (ValueError, KeyError, TypeError):
        return None


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def _set_aside_by(headers: dict[str, str]) -> str | None:
    consumer = headers.get("dead_letter_consumer")
    if consumer is None:
        return None
    error, reason = headers.get("dead_letter_error", ""), headers.get("dead_letter_reason", "")
    return f"{consumer}: {error}: {reason}"
