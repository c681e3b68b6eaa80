"""What is there to see: the topics, the group's offsets, the database. It changes nothing.

All the time it compares what is on the topics, and which offsets the group has committed, with what
the database has. They are read in this order, so that what is behind an offset, and the effect of
what has been emitted, must be there.
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

from common_core.events.envelope import derive_event_id
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


def emitted_by(event_id: UUID) -> UUID:
    """The id of what the ledger emits for an event."""
    return derive_event_id(event_id, EssayContentProvisionedV1.__name__)


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
        self._causes: dict[UUID, UUID] = {}
        """Of what will be emitted."""
        self._emitted: set[UUID] = set()
        """Causes of what has been emitted since the last look."""
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
            event_id = UUID(headers["event_id"].decode())
            self.heard.emitted[record.key.decode()].append(event_id)
            if event_id in self._causes:
                self._emitted.add(self._causes[event_id])
        elif "dead_letter_offset" in headers:
            partition, offset = headers["dead_letter_partition"], headers["dead_letter_offset"]
            self.heard.announced.add(
                (headers["dead_letter_topic"].decode(), int(partition), int(offset))
            )
        else:
            kind = Kind[headers[KIND].decode()]
            cause = UUID(headers["event_id"].decode()) if kind.has_identity else None
            if cause is not None:
                self._causes[emitted_by(cause)] = cause
            seen = Seen(record.offset, kind, cause)
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
        unresolved, too_soon = await self._missing(passed, self._emitted)
        self._emitted = set()
        self.looks += 1
        self.violations += [
            f"what {event_id} emitted was on its topic before its effect was committed"
            for event_id in too_soon
        ]
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

    async def _missing(
        self, passed: dict[Place, Seen], causes: set[UUID]
    ) -> tuple[list[Place], set[UUID]]:
        """What is not resolved of what was passed; which of the causes have had no effect."""
        ids = {seen.event_id for seen in passed.values() if seen.event_id is not None}
        if not passed and not causes:
            return [], set()
        connection = await asyncpg.connect(self._database, timeout=_PATIENCE_SECONDS)
        try:
            lines = await connection.fetch(
                "SELECT event_id FROM ledger WHERE event_id = ANY($1)",
                list(ids | causes),
                timeout=_PATIENCE_SECONDS,
            )
            letters = await connection.fetch(
                'SELECT event_id, topic, partition, "offset" FROM dead_letters',
                timeout=_PATIENCE_SECONDS,
            )
        finally:
            await connection.close(timeout=_PATIENCE_SECONDS)
        done = {row["event_id"] for row in lines}
        resolved = done | {row["event_id"] for row in letters}
        buried = {(row["topic"], row["partition"], row["offset"]) for row in letters}
        unresolved = [
            place
            for place, seen in passed.items()
            if (seen.event_id not in resolved if seen.event_id else place not in buried)
        ]
        return unresolved, causes - done
