"""From the outbox to Kafka: in commit order per key, each row until the broker has acknowledged it.

One relay per database works at a time: the one that holds an advisory lock on its own connection;
the others stand by and follow when that connection is gone. It reads whatever is there in id order
(never "after the last id": commits may come late), packs the rows of each partition into record
batches, of which one per partition is under way at a time, and deletes what was acknowledged by all
replicas. A batch is written whole or not at all, so a failure overtakes nothing; the producer is
then made anew.

Several rows may be sent twice after a crash; consumers know them by their id.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.instrumentation import connection_lost
from huleedu_service_libs.outbox.table import outbox, unpack_headers

_LEADER_LOCK = 0x4875_6C65_4564_75  # "HuleEdu": one relay per database
_LEAD = sa.text("SELECT pg_try_advisory_lock(:lock)")
_READ = sa.select(
    outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.headers, outbox.c.payload
).order_by(outbox.c.id)
_DELETE = sa.text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
_partition_of = DefaultPartitioner()


class Row(NamedTuple):
    id: int
    topic: str
    key: bytes | None
    headers: bytes
    payload: bytes | None


class Relay:
    def __init__(
        self,
        engine: AsyncEngine,
        bootstrap_servers: str,
        *,
        client_id: str = "relay",
        batch_rows: int = 500,
        batch_bytes: int = 900_000,
        longest_pause: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._batch_rows = batch_rows
        self._batch_bytes = batch_bytes
        self._longest_pause = longest_pause
        self._clock = clock or SystemClock()
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.leading = False
        self.connected = False

    def wake(self) -> None:
        """Something was committed: look now rather than at the next poll."""
        self._news.set()

    async def check(self) -> None:
        """For readiness: returns if broker and database are reached; RuntimeError otherwise."""
        if not self.connected:
            raise RuntimeError("the broker or the database is not reached yet")

    async def start(self) -> None:
        """Begin; database and broker are waited for in the background."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._supervise(), name="relay")

    async def stop(self) -> None:
        """Send what is being sent, and end."""
        self._stopping.set()
        self._news.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _supervise(self) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            try:
                await self._lead()
                pause = 0.2
            except Exception as error:  # noqa: BLE001 - whatever ended it, the next connection is tried
                connection_lost("relay", error)
            self.leading = self.connected = False
            await self._rest(pause)
            pause = min(pause * 2, 5.0)

    async def _lead(self) -> None:
        """Relay as long as the lock is held; end when stopping, or by whatever a client raises."""
        autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        async with autocommit.connect() as connection:
            try:
                while not await connection.scalar(_LEAD, {"lock": _LEADER_LOCK}):
                    self.connected = True
                    await self._rest(1.0)
                    if self._stopping.is_set():
                        return
                self.leading = True
                producer = self._producer()
                await producer.start()
                try:
                    self.connected = True
                    await self._relay(connection, producer)
                finally:
                    with suppress(KafkaError, TimeoutError, OSError):
                        async with asyncio.timeout(5):
                            await producer.stop()
            finally:
                # The lock lives as long as the connection: it must not go back to the pool.
                await connection.invalidate()

    async def _relay(self, connection: AsyncConnection, producer: Any) -> None:
        pause = 0.05
        while not self._stopping.is_set():
            self._news.clear()
            rows = [Row(*row) for row in await connection.execute(_READ.limit(self._batch_rows))]
            if rows:
                pause = 0.05
                sent = await self._send(producer, rows)
                await connection.execute(_DELETE, {"ids": sent})
                continue
            await self._rest(pause)
            pause = min(pause * 2, self._longest_pause)

    async def _send(self, producer: Any, rows: Sequence[Row]) -> list[int]:
        """The ids of the rows that the broker has; raises only if it has none of them."""
        partitions: dict[tuple[str, int], list[Row]] = {}
        for row in rows:
            available = sorted(await producer.partitions_for(row.topic))
            partition = _partition_of(row.key, available, available)
            partitions.setdefault((row.topic, partition), []).append(row)
        results = await asyncio.gather(
            *(self._send_in_order(producer, tp, part) for tp, part in partitions.items()),
            return_exceptions=True,
        )
        sent = [row_id for ids in results if isinstance(ids, list) for row_id in ids]
        failures = [error for error in results if isinstance(error, BaseException)]
        if failures and not sent:
            raise failures[0]
        return sent

    async def _send_in_order(
        self, producer: Any, partition: tuple[str, int], rows: Sequence[Row]
    ) -> list[int]:
        """Batch after batch, each only when the one before is acknowledged."""
        sent: list[int] = []
        left = list(rows)
        while left:
            batch = producer.create_batch()
            taken = 0
            for row in left:
                added = batch.append(
                    timestamp=int(time.time() * 1000),
                    key=row.key,
                    value=row.payload,
                    headers=list(unpack_headers(row.headers)),
                )
                if added is None:
                    break
                taken += 1
            acknowledged = await producer.send_batch(batch, partition[0], partition=partition[1])
            await acknowledged
            sent += [row.id for row in left[:taken]]
            left = left[taken:]
        return sent

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _producer(self) -> Any:
        return AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=self._batch_bytes,
            linger_ms=0,
        )
