"""Events that cannot be handled, kept until somebody decides, with bytes, headers and cause.

A dead letter is a row here and a message on `<topic>.dlq`, written by one transaction through the
outbox, together with the inbox row that stops the event from being handled after all. Replaying
takes that row away again and sends the original bytes to the original topic: the event keeps its
id and passes the same checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from huleedu_service_libs import inbox
from huleedu_service_libs.deletion import names_barred
from huleedu_service_libs.errors import PayloadConflict
from huleedu_service_libs.idempotency.identity import Identity, Message, fingerprint
from huleedu_service_libs.inbox import InboxOutcome
from huleedu_service_libs.outbox.table import OutgoingRecord, append, pack_headers, unpack_headers
from huleedu_service_libs.schema import messaging
from huleedu_service_libs.unit_of_work import UnitOfWork


class DeadLetterStatus(StrEnum):
    DEAD = "dead"
    REPLAYED = "replayed"
    DROPPED = "dropped"


dead_letters = sa.Table(
    "dead_letters",
    messaging,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("consumer", sa.Text, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=True),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=True),
    sa.Column("headers", sa.LargeBinary, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default=DeadLetterStatus.DEAD.value),
    sa.Column(
        "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
    sa.UniqueConstraint("topic", "partition", "offset", "fingerprint"),
)


def dead_letter_topic(topic: str) -> str:
    return f"{topic}.dlq"


@dataclass(frozen=True)
class DeadLetter:
    id: int
    event_id: UUID | None
    event_type: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    payload: bytes | None
    error: str
    """The class of the error."""
    reason: str
    attempts: int
    status: DeadLetterStatus
    created_at: datetime


class DeadLetters:
    """The dead letters of one consumer, in its service's database."""

    def __init__(self, engine: AsyncEngine, consumer: str) -> None:
        self._engine = engine
        self._consumer = consumer

    async def bury(
        self,
        message: Message,
        identity: Identity | None,
        error: BaseException,
        *,
        event_type: str = "",
        attempts: int = 1,
    ) -> bool:
        """Keep the message and announce it on its dead letter topic, durably when this returns.

        False if there is nothing to bury: the event has taken effect, or is buried already, or
        its batch was deleted.
        """
        async with UnitOfWork(self._engine) as unit:
            if await names_barred(unit.session, message.topic, message.value):
                return False
            if not await self._enter(unit, identity, error):
                return False
            row = {
                "consumer": self._consumer,
                "event_id": identity.event_id if identity else None,
                "event_type": event_type,
                "topic": message.topic,
                "partition": message.partition,
                "offset": message.offset,
                "key": message.key,
                "headers": pack_headers(message.headers),
                "payload": message.value,
                "fingerprint": bytes.fromhex(fingerprint(message.value or b"")),
                "error": type(error).__name__,
                "reason": str(error)[:2000],
                "attempts": attempts,
            }
            insert = postgresql.insert(dead_letters).values(row).on_conflict_do_nothing()
            new = (await unit.session.scalars(insert.returning(dead_letters.c.id))).all()
            if new:
                await append(unit.connection, [_announcement(message, error, self._consumer)])
            await unit.commit()
            return bool(new)

    async def list(
        self, *, status: DeadLetterStatus | None = DeadLetterStatus.DEAD, limit: int = 100
    ) -> "Sequence[DeadLetter]":
        query = sa.select(dead_letters).where(dead_letters.c.consumer == self._consumer)
        if status is not None:
            query = query.where(dead_letters.c.status == status.value)
        async with UnitOfWork(self._engine) as unit:
            rows = await unit.session.execute(query.order_by(dead_letters.c.id).limit(limit))
            return [_from_row(row) for row in rows.mappings()]

    async def show(self, dead_letter_id: int) -> DeadLetter:
        """LookupError if there is none."""
        async with UnitOfWork(self._engine) as unit:
            return await self._one(unit.session, dead_letter_id)

    async def replay(self, dead_letter_id: int) -> DeadLetter:
        """Send the original bytes to the original topic again.

        LookupError if it is not dead (any more).
        """
        async with UnitOfWork(self._engine) as unit:
            letter = await self._settle(unit.session, dead_letter_id, DeadLetterStatus.REPLAYED)
            await unit.session.execute(
                sa.delete(inbox.inbox).where(
                    inbox.inbox.c.consumer == self._consumer,
                    inbox.inbox.c.event_id == letter.event_id,
                    inbox.inbox.c.outcome == InboxOutcome.DEAD_LETTERED.value,
                    inbox.inbox.c.fingerprint == bytes.fromhex(fingerprint(letter.payload or b"")),
                )
            )
            again = OutgoingRecord(
                letter.topic, letter.key, letter.headers, letter.payload, letter.event_id
            )
            await append(unit.connection, [again])
            await unit.commit()
            return letter

    async def drop(self, dead_letter_id: int) -> DeadLetter:
        """Decide that it will not be handled. LookupError if it is not dead (any more)."""
        async with UnitOfWork(self._engine) as unit:
            letter = await self._settle(unit.session, dead_letter_id, DeadLetterStatus.DROPPED)
            await unit.commit()
            return letter

    async def _enter(
        self, unit: UnitOfWork, identity: Identity | None, error: BaseException
    ) -> bool:
        if identity is None or isinstance(error, PayloadConflict):
            return True  # no event of its own, or the id belongs to another payload
        return bool(
            await inbox.enter(
                unit.connection, self._consumer, [identity], outcome=InboxOutcome.DEAD_LETTERED
            )
        )

    async def _settle(
        self, session: AsyncSession, dead_letter_id: int, status: DeadLetterStatus
    ) -> DeadLetter:
        letter = await self._one(session, dead_letter_id)
        settled = await session.execute(
            sa.update(dead_letters)
            .where(
                dead_letters.c.id == dead_letter_id,
                dead_letters.c.status == DeadLetterStatus.DEAD.value,
            )
            .values(status=status.value, settled_at=sa.func.now())
            .returning(dead_letters.c.id)
        )
        if settled.first() is None:
            raise LookupError(f"dead letter {dead_letter_id} is {letter.status} already")
        return letter

    async def _one(self, session: AsyncSession, dead_letter_id: int) -> DeadLetter:
        row = (
            (
                await session.execute(
                    sa.select(dead_letters).where(
                        dead_letters.c.id == dead_letter_id,
                        dead_letters.c.consumer == self._consumer,
                    )
                )
            )
            .mappings()
            .first()
        )
        if row is None:
            raise LookupError(f"no dead letter {dead_letter_id}")
        return _from_row(row)


_PRUNE = sa.text(
    "WITH old AS (SELECT id FROM dead_letters"
    " WHERE coalesce(settled_at, created_at) < now() - CAST(:older_than AS interval)"
    " LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " DELETE FROM dead_letters USING old WHERE dead_letters.id = old.id"
    " RETURNING dead_letters.id, event_type, status"
)


async def prune_all(
    engine: AsyncEngine, older_than: timedelta, *, batch: int = 1_000
) -> Sequence[tuple[int, str]]:
    """Delete those settled, or left undecided, that long ago by PostgreSQL's clock.

    Each batch is a transaction of its own. The answer is which of them, by id and event type,
    nobody had decided about.
    """
    undecided: list[tuple[int, str]] = []
    while True:
        async with engine.begin() as connection:
            gone = (
                await connection.execute(_PRUNE, {"older_than": older_than, "limit": batch})
            ).all()
        undecided += [
            (row.id, row.event_type) for row in gone if row.status == DeadLetterStatus.DEAD
        ]
        if len(gone) < batch:
            return undecided


def _from_row(row: sa.RowMapping) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        headers=unpack_headers(row["headers"]),
        payload=row["payload"],
        error=row["error"],
        reason=row["reason"],
        attempts=row["attempts"],
        status=DeadLetterStatus(row["status"]),
        created_at=row["created_at"],
    )


def _announcement(message: Message, error: BaseException, consumer: str) -> OutgoingRecord:
    cause = (
        ("dead_letter_consumer", consumer.encode()),
        ("dead_letter_error", type(error).__name__.encode()),
        ("dead_letter_reason", str(error)[:500].encode()),
        ("dead_letter_topic", message.topic.encode()),
        ("dead_letter_partition", str(message.partition).encode()),
        ("dead_letter_offset", str(message.offset).encode()),
    )
    return OutgoingRecord(
        topic=dead_letter_topic(message.topic),
        key=message.key,
        headers=(*message.headers, *cause),
        payload=message.value,
    )
