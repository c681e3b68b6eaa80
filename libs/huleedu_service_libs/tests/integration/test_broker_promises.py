"""What the consumer relies on at a broker, kept by the double, the embedded one and Apache Kafka.

What needs several members of a group, only the double and Apache Kafka do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError

from huleedu_service_libs.consumer import ConsumerConfig
from huleedu_service_libs.consumer.consumer import aiokafka_client
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.testing.fake_kafka import FakeBroker
from huleedu_service_libs.testing.messages import StoredMessage
from huleedu_service_libs.testing.process import Process
from huleedu_service_libs.topics import wait_for_topics
from scripts.kafka.broker import ApacheKafka

PATIENCE_SECONDS = 40.0
KEYS = {0: b"\x00", 1: b"\x01"}
"""A key for each of two partitions, as the double deals them."""
HEADERS = [("h", b"\xff")]
NOWHERE = TopicPartition("__nothing__", 0)


class Group(Protocol):
    topic: str
    partitions: set[TopicPartition]

    async def write(self, partition: int, *values: bytes) -> None: ...
    def client(self) -> Any: ...
    def outdate(self, client: Any) -> None:
        """Let the group go on without this member."""


class Fake:
    topic = "topic"

    def __init__(self) -> None:
        self._broker = FakeBroker([self.topic])
        self.partitions = set(self._broker.logs)

    async def write(self, partition: int, *values: bytes) -> None:
        for value in values:
            self._broker.append(
                StoredMessage(self.topic, 0, 0, KEYS[partition], value, tuple(HEADERS))
            )

    def client(self) -> Any:
        return self._broker.client(Process())

    def outdate(self, client: Any) -> None:
        client.generation -= 1


@dataclass
class Real:
    topic: str
    partitions: set[TopicPartition]
    producer: AIOKafkaProducer
    config: ConsumerConfig

    async def write(self, partition: int, *values: bytes) -> None:
        for value in values:
            await self.producer.send_and_wait(
                self.topic, value, KEYS[partition], partition=partition, headers=HEADERS
            )

    def client(self) -> Any:
        return aiokafka_client(self.config)

    def outdate(self, client: Any) -> None:
        client._coordinator.generation -= 1


@asynccontextmanager
async def real(address: str) -> AsyncIterator[Real]:
    topic = f"promises-{uuid4().hex[:8]}"
    await wait_for_topics(address, {topic: 2}, retention_seconds=3_600)
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
    await producer.start()
    try:
        partitions = {TopicPartition(topic, n) for n in await producer.partitions_for(topic)}
        config = ConsumerConfig(address, IdempotencyConfig(topic), session_timeout=6.0)
        yield Real(topic, partitions, producer, config)
    finally:
        await producer.stop()


APACHE = pytest.param("apache", marks=pytest.mark.apache_kafka)


@pytest.fixture(params=["double", "embedded", APACHE])
async def group(request: pytest.FixtureRequest) -> AsyncIterator[Group]:
    async with group_at(request) as made:
        yield made


@pytest.fixture(params=["double", APACHE])
async def shared_group(request: pytest.FixtureRequest) -> AsyncIterator[Group]:
    async with group_at(request) as made:
        yield made


@asynccontextmanager
async def group_at(request: pytest.FixtureRequest) -> AsyncIterator[Group]:
    if request.param == "double":
        yield Fake()
        return
    if request.param == "embedded":
        address: str = request.getfixturevalue("embedded_kafka")
    else:
        apache: ApacheKafka = request.getfixturevalue("apache_kafka")
        address = apache.bootstrap_servers
    async with real(address) as made:
        yield made


@dataclass
class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    assigned: set[TopicPartition] = field(default_factory=set)
    revoked: list[set[TopicPartition]] = field(default_factory=list)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.assigned = set()
        self.revoked.append(set(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.assigned = set(assigned)


@asynccontextmanager
async def member(group: Group) -> AsyncIterator[tuple[Any, Listener]]:
    """A client that has joined."""
    client, listener = group.client(), Listener()
    await client.start()
    try:
        client.subscribe([group.topic], listener=listener)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not listener.assigned:
                await client.getmany(NOWHERE, timeout_ms=50)
        yield client, listener
    finally:
        await client.stop()


async def read(client: Any, count: int, *partitions: TopicPartition) -> list[Any]:
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < count:
            for records in (await client.getmany(*partitions, timeout_ms=100)).values():
                found += records
    return found


async def test_what_is_written_is_read_once_in_order_with_its_bytes(group: Group) -> None:
    await group.write(0, b"a", b"\xff", b"")
    async with member(group) as (client, _):
        records = await read(client, 3)
        assert [record.value for record in records] == [b"a", b"\xff", b""]
        assert [record.offset for record in records] == [0, 1, 2]
        assert {(r.topic, r.partition, r.key) for r in records} == {(group.topic, 0, KEYS[0])}
        assert all(list(record.headers) == HEADERS for record in records)
        assert await client.getmany(timeout_ms=50) == {}


async def test_only_partitions_that_are_asked_for_are_read(group: Group) -> None:
    await group.write(0, b"a")
    await group.write(1, b"b")
    async with member(group) as (client, _):
        assert await client.getmany(NOWHERE, timeout_ms=0) == {}
        [second] = await read(client, 1, TopicPartition(group.topic, 1))
        [first] = await read(client, 1, TopicPartition(group.topic, 0))
    assert (first.value, second.value) == (b"a", b"b")


async def test_the_next_member_begins_where_the_group_has_committed(group: Group) -> None:
    await group.write(0, b"a", b"b", b"c")
    async with member(group) as (client, _):
        await read(client, 3)
        await client.commit({TopicPartition(group.topic, 0): 1})
    async with member(group) as (client, _):
        assert [record.value for record in await read(client, 2)] == [b"b", b"c"]


async def test_a_commit_without_offsets_passes_all_that_was_read(group: Group) -> None:
    await group.write(0, b"unresolved")
    async with member(group) as (client, _):
        await read(client, 1)
        await client.commit()
    await group.write(0, b"next")
    async with member(group) as (client, _):
        assert [record.value for record in await read(client, 1)] == [b"next"]


async def test_a_single_member_has_all_partitions_and_is_not_told_when_it_stops(
    group: Group,
) -> None:
    async with member(group) as (_, listener):
        assert listener.assigned == group.partitions
        told = list(listener.revoked)
    assert listener.revoked == told


async def test_a_commit_of_a_generation_that_has_passed_is_refused(group: Group) -> None:
    await group.write(0, b"a")
    async with member(group) as (client, _):
        await read(client, 1)
        group.outdate(client)
        with pytest.raises(CommitFailedError):
            await client.commit({TopicPartition(group.topic, 0): 1})


async def test_members_share_the_partitions_after_all_were_taken_back(
    shared_group: Group,
) -> None:
    async with AsyncExitStack() as stack:
        first, one = await stack.enter_async_context(member(shared_group))
        joining = asyncio.ensure_future(stack.enter_async_context(member(shared_group)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not joining.done():
                await first.getmany(NOWHERE, timeout_ms=50)
        second, other = joining.result()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not one.assigned:
                await first.getmany(NOWHERE, timeout_ms=50)
        assert one.revoked[-1] == shared_group.partitions
        assert one.assigned | other.assigned == shared_group.partitions
        assert not one.assigned & other.assigned
        await shared_group.write(0, b"a")
        await shared_group.write(1, b"b")
        values = [(await read(client, 1))[0].value for client in (first, second)]
        assert sorted(values) == [b"a", b"b"]
