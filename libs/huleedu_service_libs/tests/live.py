"""Consumers of the ledger service at a real broker, with real database and real time.

Each bench has a group of its own, which begins where the topics end at that moment.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from common_core.events.envelope import EventData, EventEnvelope
from huleedu_service_libs.consumer import Consumer, ConsumerConfig, Handled
from huleedu_service_libs.consumer.consumer import aiokafka_client
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.messages import envelope_of, message_of
from huleedu_service_libs.topics import wait_for_topics
from huleedu_service_libs.transaction import Transactions
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.consuming import Script
from libs.huleedu_service_libs.tests.ledger_service import ledger

PATIENCE_SECONDS = 40.0
PARTITIONS = 4

Connect = Callable[[ConsumerConfig], Any]


@dataclass
class LiveBench:
    address: str
    harness: ServiceHarness
    script: Script
    producer: AIOKafkaProducer
    observer: AIOKafkaConsumer
    """Of the same group, but no member: it sees what the group has committed."""
    config: ConsumerConfig
    handled: list[Handled] = field(default_factory=list)
    clients: list[Any] = field(default_factory=list)

    async def put(
        self, *events: EventData, partition: int | None = None
    ) -> list[EventEnvelope[EventData]]:
        made = [envelope_of(data) for data in events]
        for event in made:
            await self.put_bytes(message_of(event).value, like=event, partition=partition)
        return made

    async def put_bytes(
        self, value: bytes | None, *, like: EventEnvelope[EventData], partition: int | None = None
    ) -> None:
        """Write these bytes with the topic, key and headers of an event."""
        message = message_of(like)
        await self.producer.send_and_wait(
            message.topic, value, message.key, partition, headers=list(message.headers)
        )

    @asynccontextmanager
    async def consuming(
        self, *, connect: Connect = aiokafka_client, **config: Any
    ) -> AsyncIterator[Consumer]:
        """A consumer in a process of its own, with its share of the partitions."""
        worker = await self.harness.worker("live")

        def connected(settings: ConsumerConfig) -> Any:
            self.clients.append(connect(settings))
            return self.clients[-1]

        consumer = Consumer(
            self.harness.router,
            replace(self.config, **config),
            worker.client,
            await worker.container.get(Transactions),
            worker.container,
            observe=self.handled.append,
            connect=connected,
        )
        await consumer.start()
        try:
            await self.until(lambda: consumer.assigned)
            yield consumer
        finally:
            await consumer.stop()

    async def until(self, fact: Callable[[], bool | Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = fact()
                if found if isinstance(found, bool) else await found:
                    return
                await asyncio.sleep(0.02)

    async def until_read(self) -> None:
        """Until the group has committed all that there is."""

        async def no_lag() -> bool:
            return await self.committed() == await self.ends()

        await self.until(no_lag)

    async def committed(self) -> dict[TopicPartition, int]:
        return {tp: await self.observer.committed(tp) or 0 for tp in self._partitions}

    async def ends(self) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self.observer.end_offsets(self._partitions)
        return ends

    async def readable(self) -> list[str]:
        """The texts of the events that the topics still have."""
        texts = []
        async with AIOKafkaConsumer(
            bootstrap_servers=self.address, auto_offset_reset="earliest"
        ) as reader:
            reader.assign(self._partitions)
            ends = await self.ends()
            while any([await reader.position(tp) < end for tp, end in ends.items()]):
                for records in (await reader.getmany(timeout_ms=50)).values():
                    texts += [json.loads(record.value)["data"]["reason"] for record in records]
        return texts

    async def lines(self) -> list[tuple[str, str]]:
        """The ledger: key and text, in the order of writing."""
        async with self.harness.session() as session:
            rows = await session.execute(
                sa.select(ledger.c.key, ledger.c.text).order_by(ledger.c.line)
            )
            return [(row.key, row.text) for row in rows]

    async def texts(self) -> list[str]:
        return [text for _, text in await self.lines()]

    def outcomes(self) -> Counter[Outcome]:
        return Counter(handled.outcome for handled in self.handled)

    @property
    def _partitions(self) -> list[TopicPartition]:
        return sorted(self.observer.assignment())


@asynccontextmanager
async def live_bench(address: str, postgres_url: str) -> AsyncIterator[LiveBench]:
    script = Script()
    router = ledger_service.make_router(script)
    await wait_for_topics(
        address, dict.fromkeys(router.topics, PARTITIONS), retention_seconds=3_600
    )
    async with (
        ServiceHarness(
            ledger_service.settings(),
            router,
            migrations=ledger_service.MIGRATIONS,
            postgres_url=postgres_url,
        ) as harness,
        AsyncExitStack() as stack,
    ):
        config = ConsumerConfig(
            address,
            harness.config,
            group_id=f"ledger-{uuid4().hex[:8]}",
            session_timeout=6.0,
            poll_wait=0.05,
            commit_interval=0.05,
            drain_budget=10.0,
        )
        producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        observer = AIOKafkaConsumer(
            bootstrap_servers=address, group_id=config.group, enable_auto_commit=False
        )
        await observer.start()
        stack.push_async_callback(observer.stop)
        observer.assign([TopicPartition(t, n) for t in router.topics for n in range(PARTITIONS)])
        bench = LiveBench(address, harness, script, producer, observer, config)
        await observer.commit(await bench.ends())
        yield bench
