"""Sends the events, at a steady rate, in order per key, and some of them twice."""

import asyncio
import random
import time
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from huleedu_service_libs.kafka_clients import stop_client
from scripts.chaos.events import Draw, Record

_ROUND_SECONDS = 0.2
_DUPLICATES = 0.01


class Load:
    """`sent` has every event by its id; `astray` those of which a copy went to another partition.

    A key's next event goes out when the one before is acknowledged. A round whose outcome is not
    known is sent again, so that there may be more copies than were meant.
    """

    def __init__(self, seed: int, bootstrap_servers: str, *, rate: float, partitions: int) -> None:
        self.sent: dict[UUID, Record] = {}
        self.astray: set[UUID] = set()
        self.records = 0
        self._draw = Draw(seed)
        self._random = random.Random(f"copies {seed}")  # noqa: S311 - to be repeated
        self._bootstrap_servers = bootstrap_servers
        self._rate = rate
        self._partitions = partitions
        self._deadly = 0
        self._producer: AIOKafkaProducer | None = None

    def send_a_deadly_one(self) -> None:
        self._deadly += 1

    async def run(self, seconds: float) -> None:
        started = time.monotonic()
        due = 0.0
        try:
            while (now := time.monotonic() - started) < seconds:
                due = min(due + self._rate * _ROUND_SECONDS, self._rate * 2)
                size, deadly = int(due), self._deadly > 0
                due -= size
                self._deadly -= deadly
                await self._send_for_certain(self._draw.round(size, deadly=deadly))
                await asyncio.sleep(max(0.0, now + _ROUND_SECONDS - (time.monotonic() - started)))
        finally:
            await self._drop_producer()

    async def _send_for_certain(self, records: list[Record]) -> None:
        for record in records:
            if record.event_id is not None:
                self.sent[record.event_id] = record
        copies = self._copies(records)
        while True:
            try:
                await self._send([(record, None) for record in records])
                await self._send(copies)
            except (KafkaError, OSError, TimeoutError):
                await self._drop_producer()
                await asyncio.sleep(0.2)
            else:
                return

    def _copies(self, records: list[Record]) -> list[tuple[Record, int | None]]:
        """Half of them in the partition of the first, half in any."""
        copies: list[tuple[Record, int | None]] = []
        for record in records:
            slow = b" slow " in record.value
            if record.event_id is None or self._random.random() > (0.5 if slow else _DUPLICATES):
                continue
            partition = None
            if self._random.random() < 0.5:  # noqa: PLR2004 - half
                partition = self._random.randrange(self._partitions)
                self.astray.add(record.event_id)
            copies.append((record, partition))
        return copies

    async def _send(self, records: list[tuple[Record, int | None]]) -> None:
        producer = self._producer
        if producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers,
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=10_000,
            )
            self._producer = producer
            await producer.start()
        acknowledged = [
            await producer.send(
                record.topic, record.value, record.key, partition, headers=list(record.headers)
            )
            for record, partition in records
        ]
        await asyncio.gather(*acknowledged)
        self.records += len(records)

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_client(producer, 2)
