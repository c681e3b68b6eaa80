"""One database transaction with what it says to the world.

Effects and events are committed together or not at all.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from uuid import UUID

import asyncpg
import sqlalchemy.exc
from opentelemetry import propagate
from opentelemetry.context import get_current
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common_core.events.envelope import EventData, EventEnvelope, derive_event_id, envelop, headers
from common_core.topics import event_type_of
from huleedu_service_libs import inbox
from huleedu_service_libs.errors import (
    CommitOutcomeUnknown,
    DatabaseUnavailable,
    PermanentError,
    server_is_lost,
)
from huleedu_service_libs.idempotency.identity import Identity
from huleedu_service_libs.outbox.table import OutgoingRecord, append

CAUSATION_HEADER = "causation_id"
"""What the event follows from: an event's id, or that of a request or a deadline."""

Data = TypeVar("Data", bound=EventData)

_COMMIT_SECONDS = 5.0
"""How long a COMMIT may go on after its handler was cancelled."""
_CANNOT_CONNECT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What comes out of opening a connection as it is: SQLAlchemy translates only later errors."""
_STILL_WHOLE = text("SELECT 1")
"""COMMIT after a failed statement is a rollback that says nothing; this raises if there was one
that its handler has hidden."""
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
        self, session: AsyncSession, *, cause: UUID, correlation_id: UUID, source_service: str
    ) -> None:
        self.session = session
        self.cause = cause
        self.correlation_id = correlation_id
        self._source_service = source_service
        self._outgoing: list[OutgoingRecord] = []
        self._ids: set[UUID] = set()

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
        self,
        sessions: async_sessionmaker[AsyncSession],
        source_service: str,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.source_service = source_service
        self.sessions = sessions
        self._wake = wake

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        """Call this after each commit that has left something in the outbox.

        The relay's wake-up.
        """
        self._wake = wake

    @asynccontextmanager
    async def begin(self, cause: UUID, correlation_id: UUID) -> AsyncIterator[Transaction]:
        """A transaction for what no event has caused: an HTTP request, a deadline."""
        async with self.sessions() as session:
            tx = self._transaction(session, cause, correlation_id)
            yield tx
            await self._commit([tx], _open_gate)

    @asynccontextmanager
    async def for_events(
        self, consumer: str, events: Sequence[Heard], gate: Gate = _open_gate
    ) -> AsyncIterator[list[Transaction | None]]:
        """One transaction for all, whose first statement is their inbox rows; a view for each.

        None for an event that has taken effect before. `gate` is asked before the commit and
        refuses it by raising.
        """
        async with self.sessions() as session:
            try:
                new = await inbox.enter(session, consumer, [event.identity for event in events])
            except _CANNOT_CONNECT as error:
                raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
            views = [
                self._transaction(session, event.identity.event_id, event.correlation_id)
                if event.identity.event_id in new
                else None
                for event in events
            ]
            yield views
            if new:
                await self._commit([tx for tx in views if tx is not None], gate)

    def _transaction(self, session: AsyncSession, cause: UUID, correlation_id: UUID) -> Transaction:
        return Transaction(
            session,
            cause=cause,
            correlation_id=correlation_id,
            source_service=self.source_service,
        )

    async def _commit(self, views: Sequence[Transaction], gate: Gate) -> None:
        session = views[0].session
        outgoing = [record for tx in views for record in tx.outgoing]
        await session.flush()
        if outgoing:
            await append(session, outgoing)
        else:
            await session.execute(_STILL_WHOLE)
        await gate()
        await _commit_to_the_end(session)
        if outgoing:
            self._wake()


async def _commit_to_the_end(session: AsyncSession) -> None:
    """COMMIT, not interrupted by a cancellation.

    Half a commit would be a commit nobody knows of.
    """
    commit = asyncio.ensure_future(session.commit())
    try:
        await asyncio.shield(commit)
    except asyncio.CancelledError:
        await asyncio.wait([commit], timeout=_COMMIT_SECONDS)
        if not commit.done():
            commit.cancel()
            await asyncio.wait([commit])
        error = asyncio.CancelledError() if commit.cancelled() else commit.exception()
        if error is None:
            raise
        raise _commit_error(error) from error
    except (sqlalchemy.exc.DBAPIError, OSError) as error:
        raise _commit_error(error) from error


def _commit_error(error: BaseException) -> BaseException:
    """A refusal by the server is certain; a lost connection leaves the outcome open."""
    if not server_is_lost(error):
        return error
    return CommitOutcomeUnknown(f"the connection was lost during COMMIT: {error}")
