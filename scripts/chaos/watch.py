"""What is there to see: the topics, the group's offsets, the database. It changes nothing.

All the time it compares the offsets that the group has committed with what the database has. They
are read in this order, so that what is behind an offset must be there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from common_core.events.essay_events import EssayContentProvisionedV1
from common_core.topics import event_type_of
from huleedu_service_libs.dead_letters import dead_letter_topic
from huleedu_service_libs.errors import PayloadConflict
from huleedu_service_libs.kafka_clients import stop_client
from scripts.chaos.events import KIND, Kind
from scripts.chaos.servers import Postgres
from scripts.chaos.worker import SERVICE

Partition = tuple[str, int]
Place = tuple[str, int, int]
"""Topic, partition and offset."""

EMITTED = event_type_of(EssayContentProvisionedV1).topic
_LOOK_SECONDS = 0.3
_PATIENCE_SECONDS = 5.0
UNREACHABLE = (KafkaError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True)
class Seen:
    offset: int
    kind: Kind
    event_id: UUID | None
    """None for what is no event."""


@dataclass(frozen=True)
class Line:
    event_id: UUID
    key: str
    text: str


@dataclass(frozen=True)
class Letter:
    event_id: UUID | None
    place: Place
    error: str
    reason: str

    @property
    def buries(self) -> UUID | None:
        """The event that counts as resolved by it: not one that another payload was sent as."""
        return None if self.error == PayloadConflict.__name__ else self.event_id

    @property
    def is_of_crashes(self) -> bool:
        """Whether it is one because its worker died too often: no fault of the event's own."""
        return self.reason.startswith("its worker died")


@dataclass
class Stored:
    """What the service's database has at one moment; lines in the order of their writing."""

    lines: Sequence[Line] = ()
    letters: Sequence[Letter] = ()
    outbox: int = 0


@dataclass
class Heard:
    """What stands on the topics, in the order of each partition."""

    inputs: dict[Partition, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    emitted: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    """By key."""
    announced: set[Place] = field(default_factory=set)
    """Where the dead letters come from that stand on their topics."""


class Watcher:
    def __init__(
        self, bootstrap_servers: str, postgres: Postgres, topics: Sequence[str], partitions: int
    ) -> None:
        self.heard = Heard()
        self.violations: list[str] = []
        self.lag = 0
        self.looks = 0
        self._bootstrap_servers = bootstrap_servers
        self._postgres = postgres
        self._inputs = [TopicPartition(t, p) for t in topics for p in range(partitions)]
        others = [EMITTED, *(dead_letter_topic(topic) for topic in topics)]
        self._all = [
            *self._inputs,
            *(TopicPartition(topic, p) for topic in others for p in range(partitions)),
        ]
        self._next: dict[TopicPartition, int] = dict.fromkeys(self._all, 0)
        self._checked: dict[TopicPartition, int] = dict.fromkeys(self._inputs, 0)
        self._now = asyncio.Event()

    def look_now(self) -> None:
        """Something has just happened."""
        self._now.set()

    async def run(self) -> None:
        """Read and compare until cancelled, whatever is away meanwhile."""
        while True:
            try:
                await self._follow()
            except UNREACHABLE:
                await asyncio.sleep(_LOOK_SECONDS)

    async def stored(self) -> Stored:
        connection = await asyncpg.connect(self._database, timeout=_PATIENCE_SECONDS)
        try:
            lines = await connection.fetch("SELECT event_id, key, text FROM ledger ORDER BY line")
            letters = await connection.fetch(
                'SELECT event_id, topic, partition, "offset", error, reason FROM dead_letters'
            )
            outbox = await connection.fetchval("SELECT count(*) FROM outbox")
        finally:
            await connection.close(timeout=_PATIENCE_SECONDS)
        return Stored(
            [Line(*line) for line in lines],
            [Letter(row[0], (row[1], row[2], row[3]), row[4], row[5]) for row in letters],
            outbox,
        )

    @property
    def _database(self) -> str:
        return self._postgres.direct_url.rpartition("/")[0] + f"/{SERVICE}"

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap_servers,
            group_id=SERVICE,  # to see its offsets; partitions that are assigned join no group
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        consumer.assign(self._all)
        try:
            await consumer.start()
            for partition, offset in self._next.items():
                consumer.seek(partition, offset)
            while True:
                await self._read(consumer)
                await self._compare(consumer)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._now.wait()
                self._now.clear()
        finally:
            await stop_client(consumer, _PATIENCE_SECONDS)

    async def _read(self, consumer: Any) -> None:
        """Everything there is by now."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            ends = await consumer.end_offsets(self._all)
        while any(self._next[partition] < end for partition, end in ends.items()):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                polled = await consumer.getmany(timeout_ms=500)
            for partition, records in polled.items():
                for record in records:
                    self._hear(record)
                self._next[partition] = records[-1].offset + 1

    def _hear(self, record: Any) -> None:
        headers = dict(record.headers)
        if record.topic == EMITTED:
            self.heard.emitted[record.key.decode()].append(UUID(headers["event_id"].decode()))
        elif "dead_letter_offset" in headers:
            partition, offset = headers["dead_letter_partition"], headers["dead_letter_offset"]
            self.heard.announced.add(
                (headers["dead_letter_topic"].decode(), int(partition), int(offset))
            )
        else:
            kind = Kind[headers[KIND].decode()]
            event_id = UUID(headers["event_id"].decode()) if kind.has_identity else None
            seen = Seen(record.offset, kind, event_id)
            self.heard.inputs[record.topic, record.partition].append(seen)

    async def _compare(self, consumer: Any) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await asyncio.gather(*(consumer.committed(tp) for tp in self._inputs))
        committed = {tp: offset or 0 for tp, offset in zip(self._inputs, found, strict=True)}
        self.lag = sum(self._next[tp] - offset for tp, offset in committed.items())
        passed = {
            (tp.topic, tp.partition, seen.offset): seen
            for tp, offset in committed.items()
            for seen in self._between(tp, self._checked[tp], offset)
        }
        unresolved = await self._unresolved(passed) if passed else []
        self.looks += 1
        for place in unresolved:
            seen = passed[place]
            self.violations.append(
                f"offset {place[2] + 1} or more of {place[0]}[{place[1]}] was committed while"
                f" the event before it, {seen.event_id or seen.kind}, was not resolved"
            )
        for tp, offset in committed.items():
            self._checked[tp] = max(offset, self._checked[tp])

    def _between(self, tp: TopicPartition, start: int, end: int) -> list[Seen]:
        seen = self.heard.inputs[tp.topic, tp.partition]
        if (
            0 < end <= len(seen) and seen[end - 1].offset == end - 1
        ):  # no holes: by far the most usual
            return seen[start:end]
        return [one for one in seen if start <= one.offset < end]

    async def _unresolved(self, passed: dict[Place, Seen]) -> list[Place]:
        ids = [seen.event_id for seen in passed.values() if seen.event_id is not None]
        connection = await asyncpg.connect(self._database, timeout=_PATIENCE_SECONDS)
        try:
            known = await connection.fetch(
                "SELECT event_id FROM ledger WHERE event_id = ANY($1)"
                " UNION SELECT event_id FROM dead_letters WHERE event_id = ANY($1)",
                ids,
                timeout=_PATIENCE_SECONDS,
            )
            letters = await connection.fetch(
                'SELECT topic, partition, "offset" FROM dead_letters', timeout=_PATIENCE_SECONDS
            )
        finally:
            await connection.close(timeout=_PATIENCE_SECONDS)
        resolved = {row["event_id"] for row in known}
        buried = {tuple(row) for row in letters}
        return [
            place
            for place, seen in passed.items()
            if (seen.event_id not in resolved if seen.event_id else place not in buried)
        ]
