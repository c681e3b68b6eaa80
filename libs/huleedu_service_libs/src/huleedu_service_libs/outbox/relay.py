"""From the outbox to Kafka: in commit order per key, each row until the broker has acknowledged it.

One relay per database works at a time: the one that holds an advisory lock on its own connection;
the others stand by and follow when that connection is gone, which the server sees to if its relay
is silent, for a process can be frozen with its connections open. It reads whatever is there in id
order (never "after the last id": commits may come late), sends it in record batches, and deletes
what was acknowledged by all replicas. A batch is written whole or not at all, so a failure
overtakes nothing; the producer is then made anew. A row that the broker refuses blocks its key, and
only its key, and is tried again now and then.

Rows may be sent twice after a crash; consumers know them by their id.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.instrumentation import connection_lost, row_refused
from huleedu_service_libs.kafka_clients import Access, stop_client
from huleedu_service_libs.outbox.sending import Key, Row, Sent, send

LEADER_LOCK = 0x4875_6C65_4564_75  # "HuleEdu": one relay per database
_SILENCE = sa.text("SELECT set_config('idle_session_timeout', :silence, false)")
_LEAD = sa.text("SELECT pg_try_advisory_lock(:lock)")
_READ = sa.text(
    "SELECT id, topic, key, headers, payload FROM outbox"
    " WHERE NOT EXISTS (SELECT FROM unnest(CAST(:topics AS text[]), CAST(:keys AS bytea[]))"
    "  AS blocked (topic, key)"
    "  WHERE blocked.topic = outbox.topic AND blocked.key IS NOT DISTINCT FROM outbox.key)"
    " ORDER BY id LIMIT :limit"
)
_DELETE = sa.text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
_BLOCKED_SECONDS = 30.0
_STOP_SECONDS = 5.0


class Relay:
    """The relay of one service's database."""

    def __init__(  # noqa: PLR0913 - each is a time or a bound of its own
        self,
        engine: AsyncEngine,
        bootstrap_servers: str,
        *,
        access: Access | None = None,
        client_id: str = "relay",
        batch_rows: int = 1_000,
        batch_bytes: int = 900_000,
        longest_pause: float = 1.0,
        longest_silence: float = 60.0,
        clock: Clock | None = None,
        producer: Callable[..., Any] = AIOKafkaProducer,
    ) -> None:
        self.leading = False
        self.connected = False
        self._engine = engine
        self._bootstrap_servers = bootstrap_servers
        self._access = access or {}
        self._client_id = client_id
        self._batch_rows = batch_rows
        self._batch_bytes = batch_bytes
        self._longest_pause = longest_pause
        self._longest_silence = longest_silence
        self._clock = clock or SystemClock()
        self._producer = producer
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._blocked: dict[Key, float] = {}
        self._singly: frozenset[int] = frozenset()
        """Rows of a refused batch: sent one by one, to find the one that was meant."""

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
        """Send what is there, if that can be done soon, and end."""
        self._stopping.set()
        self._news.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _supervise(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            try:
                await self._lead()
            except Exception as error:  # noqa: BLE001 - whatever ended it, the next one is tried
                connection_lost("relay", error)
            self.leading = self.connected = False
            if self._clock.monotonic() - started > pause:
                pause = 0.1
            await _wait(self._stopping, pause)
            pause = min(pause * 2, 5.0)

    async def _lead(self) -> None:
        """Relay as long as the lock is held; end when stopping, or by what a client raises."""
        async with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as held:
            try:
                await held.execute(
                    _SILENCE, {"silence": f"{round(self._longest_silence * 1000)}ms"}
                )
                while not await held.scalar(_LEAD, {"lock": LEADER_LOCK}):
                    self.connected = True
                    await _wait(self._stopping, 1.0)
                    if self._stopping.is_set():
                        return
                self.leading = True
                while not self._stopping.is_set():
                    await self._with_producer(held)
            finally:
                # The lock lives as long as the connection: it must not go back to the pool.
                await held.invalidate()

    async def _with_producer(self, connection: AsyncConnection) -> None:
        producer = self._producer(
            bootstrap_servers=self._bootstrap_servers,
            **self._access,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=self._batch_bytes,
            linger_ms=0,
        )
        try:
            await producer.start()
            self.connected = True
            await self._relay(connection, producer)
        finally:
            await stop_client(producer, _STOP_SECONDS)

    async def _relay(self, connection: AsyncConnection, producer: Any) -> None:
        """Until there is nothing to send and we are stopping, or the producer has met a refusal."""
        pause = 0.05
        while True:
            self._news.clear()
            rows = await self._read(connection)
            if rows:
                pause = 0.05
                sent = await send(producer, rows, singly=self._singly)
                await connection.execute(_DELETE, {"ids": sent.ids})
                self._learn(sent)
                if sent.refused:
                    return
                if sent.failure is not None:
                    raise sent.failure
            elif self._stopping.is_set():
                return
            else:
                await _wait(self._news, pause)
                pause = min(pause * 2, self._longest_pause)

    async def _read(self, connection: AsyncConnection) -> Sequence[Row]:
        now = self._clock.monotonic()
        self._blocked = {key: until for key, until in self._blocked.items() if until > now}
        parameters = {
            "topics": [topic for topic, _ in self._blocked],
            "keys": [key for _, key in self._blocked],
            "limit": self._batch_rows,
        }
        return [Row(*row) for row in await connection.execute(_READ, parameters)]

    def _learn(self, sent: Sent) -> None:
        """From a refusal: which rows to send singly, or which keys to block."""
        until = self._clock.monotonic() + _BLOCKED_SECONDS
        if sent.ids:  # the broker is there, so it is the topic that is not
            self._blocked |= {(row.topic, row.key): until for row in sent.unknown}
        self._singly = self._singly.difference(sent.ids)
        if len(sent.refused) == 1:
            row = sent.refused[0]
            self._singly = self._singly - {row.id}
            self._blocked[row.topic, row.key] = until
            row_refused(row.topic, row.id, sent.failure)
        else:
            self._singly = self._singly.union(row.id for row in sent.refused)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
