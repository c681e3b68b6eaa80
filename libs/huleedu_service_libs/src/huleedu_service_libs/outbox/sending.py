"""Rows of the outbox as record batches, one per partition under way at a time.

What the broker refuses for what it is (too large, a topic it will not have) is told apart from a
broker that cannot be reached: the former must not hold up other keys.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner

from huleedu_service_libs.outbox.table import unpack_headers

_REFUSALS = (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
_METADATA_SECONDS = 10.0

_partition_of = DefaultPartitioner()

Key = tuple[str, bytes | None]
Partition = tuple[str, int]


class Row(NamedTuple):
    id: int
    topic: str
    key: bytes | None
    headers: bytes
    payload: bytes | None


@dataclass
class Sent:
    """What came of sending some rows."""

    ids: list[int] = field(default_factory=list)
    """Acknowledged by all replicas."""
    refused: list[Row] = field(default_factory=list)
    """A batch that the broker will not have; with one row, it is that row."""
    unknown: list[Row] = field(default_factory=list)
    """Of topics that the broker does not name."""
    failure: BaseException | None = None
    """The broker could not be reached or refused something: the producer must be made anew."""


async def send(producer: Any, rows: Sequence[Row], *, singly: frozenset[int]) -> Sent:
    """Send the rows in order per partition; those in `singly` in a batch of their own."""
    whole = Sent()
    partitions: dict[Partition, list[Row]] = {}
    for topic, of_topic in _by_topic(rows).items():
        try:
            async with asyncio.timeout(_METADATA_SECONDS):
                available = sorted(await producer.partitions_for(topic))
        except (KafkaError, TimeoutError) as error:
            whole.failure = error
            whole.unknown += of_topic
            continue
        for row in of_topic:
            partition = _partition_of(row.key, available, available)
            partitions.setdefault((topic, partition), []).append(row)
    parts = await asyncio.gather(
        *(_send_in_order(producer, tp, part, singly) for tp, part in partitions.items())
    )
    for part in parts:
        whole.ids += part.ids
        whole.refused += part.refused
        whole.failure = whole.failure or part.failure
    return whole


async def _send_in_order(
    producer: Any, partition: Partition, rows: Sequence[Row], singly: frozenset[int]
) -> Sent:
    sent = Sent()
    left = list(rows)
    while left:
        batch, taken = _pack(producer, left, singly)
        try:
            acknowledged = await producer.send_batch(batch, partition[0], partition=partition[1])
            await acknowledged
        except KafkaError as error:
            sent.failure = error
            sent.refused = left[:taken] if isinstance(error, _REFUSALS) else []
            return sent
        sent.ids += [row.id for row in left[:taken]]
        del left[:taken]
    return sent


def _pack(producer: Any, rows: Sequence[Row], singly: frozenset[int]) -> tuple[Any, int]:
    """A batch of as many rows as fit, at least one; how many they are."""
    batch = producer.create_batch()
    now = int(time.time() * 1000)
    taken = 0
    for row in rows:
        if taken and row.id in singly:
            break
        headers = list(unpack_headers(row.headers))
        if batch.append(timestamp=now, key=row.key, value=row.payload, headers=headers) is None:
            break
        taken += 1
        if row.id in singly:
            break
    batch.close()
    return batch, taken


def _by_topic(rows: Iterable[Row]) -> dict[str, list[Row]]:
    topics: dict[str, list[Row]] = {}
    for row in rows:
        topics.setdefault(row.topic, []).append(row)
    return topics
