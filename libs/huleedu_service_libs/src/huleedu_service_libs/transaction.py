"""One database transaction with what it says to the world.

Effects and events are committed together or not at all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from uuid import UUID

import asyncpg
from opentelemetry import propagate
from opentelemetry.context import get_current
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from common_core.events.envelope import EventData, EventEnvelope, derive_event_id, envelop, headers
from common_core.topics import event_type_of
from huleedu_service_libs import inbox
from huleedu_service_libs.errors import DatabaseUnavailable, PermanentError
from huleedu_service_libs.idempotency.identity import Identity
from huleedu_service_libs.outbox.table import OutgoingRecord, append
from huleedu_service_libs.unit_of_work import UnitOfWork

CAUSATION_HEADER = "causation_id"
"""What the event follows from: an event's id, or that of a request or a deadline."""

Data = TypeVar("Data", bound=EventData)

MAX_PAYLOAD_BYTES = 900_000
"""Below the broker's limit of a megabyte.

What is larger could never be sent and would block its key.
"""


class Heard(Protocol):
    """What a transaction needs to know of the event that causes it."""

    @property
    def identity(self) -> Identity: ...
    @property
    def correlation_id(self) -> UUID: ...


class Transaction:
    """`session` for the effects, `emit` for the events that go with them."""

    def __init__(
        self, unit: UnitOfWork, *, cause: UUID, correlation_id: UUID, source_service: str
    ) -> None:
        self._unit = unit
        self.cause = cause
        self.correlation_id = correlation_id
        self._source_service = source_service
        self._outgoing: list[OutgoingRecord] = []
        self._ids: set[UUID] = set()

    @property
    def session(self) -> AsyncSession:
        return self._unit.session

    async def connection(self) -> asyncpg.Connection:
        """The driver's own, for effects that need no objects; it finds what the session has."""
        await self._unit.write()
        return self._unit.connection

    def emit(self, data: Data, *, discriminator: str = "") -> EventEnvelope[Data]:
        """Say it when the transaction commits.

        The id follows from the cause, so that a repeat says the same. Several events of one type
        and one cause need a `discriminator` each.
        """
        event_type = event_type_of(type(data))
        event_id = derive_event_id(self.cause, event_type.name, discriminator)
        if event_id in self._ids:
            raise ValueError(f"{event_type.name} is emitted twice: give each its discriminator")
        envelope = envelop(
            data,
            event_id=event_id,
            source_service=self._source_service,
            correlation_id=self.correlation_id,
        )
        payload = envelope.model_dump_json().encode()
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PermanentError(
                f"{event_type.name} has {len(payload)} bytes, more than {MAX_PAYLOAD_BYTES}"
            )
        self._ids.add(event_id)
        self._outgoing.append(
            OutgoingRecord(
                topic=event_type.topic,
                key=str(event_type.key(data)).encode(),
                headers=(
                    *headers(envelope),
                    (CAUSATION_HEADER, str(self.cause).encode()),
                    *_trace_headers(),
                ),
                payload=payload,
                event_id=event_id,
            )
        )
        return envelope

    def send(self, record: OutgoingRecord) -> None:
        """Send these very bytes when the transaction commits."""
        self._outgoing.append(record)

    @property
    def outgoing(self) -> Sequence[OutgoingRecord]:
        return tuple(self._outgoing)


def _trace_headers() -> list[tuple[str, bytes]]:
    if not get_current():
        return []
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return [(name, value.encode()) for name, value in carrier.items()]


Gate = Callable[[], Awaitable[None]]


async def _open_gate() -> None:
    return


class Transactions:
    """Where transactions come from.

    `wake` is called after each commit that has left something in the outbox.
    """

    def __init__(
        self, engine: AsyncEngine, source_service: str, wake: Callable[[], None] = lambda: None
    ) -> None:
        self.source_service = source_service
        self.sessions = async_sessionmaker(engine, expire_on_commit=False)
        self.engine = engine
        self._wake = wake

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        """Call this after each commit that has left something in the outbox.

        The relay's wake-up.
        """
        self._wake = wake

    @asynccontextmanager
    async def begin(self, cause: UUID, correlation_id: UUID) -> AsyncIterator[Transaction]:
        """A transaction for what no event has caused: an HTTP request, a deadline."""
        async with UnitOfWork(self.engine) as unit:
            tx = self._transaction(unit, cause, correlation_id)
            yield tx
            await self._commit(unit, [tx], _open_gate)

    @asynccontextmanager
    async def for_events(
        self, consumer: str, events: Sequence[Heard], gate: Gate = _open_gate
    ) -> AsyncIterator[list[Transaction | None]]:
        """One transaction for all, whose first statement is their inbox rows; a view for each.

        None for an event that has taken effect before. `gate` is asked before the commit and
        refuses it by raising.
        """
        async with UnitOfWork(self.engine) as unit:
            try:
                new = await inbox.enter(
                    unit.connection, consumer, [event.identity for event in events]
                )
            except OSError as error:
                raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
            views = [
                self._transaction(unit, event.identity.event_id, event.correlation_id)
                if event.identity.event_id in new
                else None
                for event in events
            ]
            yield views
            if new:
                await self._commit(unit, [tx for tx in views if tx is not None], gate)

    def _transaction(self, unit: UnitOfWork, cause: UUID, correlation_id: UUID) -> Transaction:
        return Transaction(
            unit, cause=cause, correlation_id=correlation_id, source_service=self.source_service
        )

    async def _commit(self, unit: UnitOfWork, views: Sequence[Transaction], gate: Gate) -> None:
        outgoing = [record for tx in views for record in tx.outgoing]
        await unit.write()
        await append(unit.connection, outgoing)
        await gate()
        await unit.commit()
        if outgoing:
            self._wake()
