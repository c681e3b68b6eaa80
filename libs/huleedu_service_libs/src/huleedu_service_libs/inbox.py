"""The truth about which events have taken effect: one row per event.

The row is written by the transaction of the effects, as its first statement. Two transactions for
one event wait for each other there, and the second finds the row: it does nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import asyncpg
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from huleedu_service_libs.errors import PayloadConflict
from huleedu_service_libs.idempotency.identity import Identity
from huleedu_service_libs.schema import messaging


class InboxOutcome(StrEnum):
    DONE = "done"
    DEAD_LETTERED = "dead_lettered"


inbox = Table(
    "inbox",
    messaging,
    Column("consumer", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column(
        "processed_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.now(),
    ),
    PrimaryKeyConstraint("consumer", "event_id"),
    Index("ix_inbox_processed_at", "processed_at"),
)

_INSERT = (
    "INSERT INTO inbox (consumer, event_id, fingerprint, outcome)"
    " SELECT $1, event_id, fingerprint, $2"
    " FROM unnest($3::uuid[], $4::bytea[]) AS new (event_id, fingerprint)"
    " ON CONFLICT (consumer, event_id) DO NOTHING"
    " RETURNING event_id, (SELECT barred_among($5::uuid[])) AS barred"
)
_KNOWN = (
    "SELECT event_id, fingerprint FROM inbox WHERE consumer = $1 AND event_id = ANY($2::uuid[])"
)


async def enter(
    connection: asyncpg.Connection,
    consumer: str,
    events: Sequence[Identity],
    *,
    outcome: InboxOutcome = InboxOutcome.DONE,
) -> set[UUID]:
    """Write the inbox rows and return the ids that are new; the others have taken effect before.

    Nor is an id returned whose batch was deleted: it is to have no effect.
    Rows go in sorted by key, for two transactions with the same events in another order would
    deadlock. PayloadConflict if one of the others is known with another payload.
    """
    ordered = sorted(events, key=lambda event: event.event_id)
    rows = await connection.fetch(
        _INSERT,
        consumer,
        outcome.value,
        [event.event_id for event in ordered],
        [bytes.fromhex(event.fingerprint) for event in ordered],
        list({event.batch_id for event in ordered if event.batch_id is not None}),
    )
    new = {row["event_id"] for row in rows}
    if len(new) < len(ordered):
        known = [event for event in ordered if event.event_id not in new]
        await _compare(connection, consumer, known)
    barred = rows[0]["barred"] if rows else ()
    return new - {event.event_id for event in ordered if event.batch_id in barred}


async def _compare(
    connection: asyncpg.Connection, consumer: str, events: Sequence[Identity]
) -> None:
    rows = await connection.fetch(_KNOWN, consumer, [event.event_id for event in events])
    fingerprints = {row["event_id"]: row["fingerprint"].hex() for row in rows}
    for event in events:
        if fingerprints.get(event.event_id, event.fingerprint) != event.fingerprint:
            raise PayloadConflict(f"event {event.event_id} is known with another payload")


async def prune(connection: AsyncConnection, older_than: timedelta, *, limit: int = 5_000) -> int:
    """Delete up to `limit` rows older than that by PostgreSQL's clock; the number deleted."""
    old = (
        select(inbox.c.consumer, inbox.c.event_id)
        .where(inbox.c.processed_at < func.now() - older_than)
        .limit(limit)
        .with_for_update(skip_locked=True)  # another replica may be at it
        .cte("old")
    )
    result = await connection.execute(
        delete(inbox).where(inbox.c.consumer == old.c.consumer, inbox.c.event_id == old.c.event_id)
    )
    return result.rowcount


async def prune_all(engine: AsyncEngine, older_than: timedelta, *, batch: int = 5_000) -> None:
    """Delete all rows older than that, each batch in a transaction of its own."""
    while True:
        async with engine.begin() as connection:
            deleted = await prune(connection, older_than, limit=batch)
        if deleted < batch:
            return


def check_retention(seconds: float, needed: Mapping[str, float]) -> None:
    """ValueError if a row could be gone before what it protects against has become impossible.

    `needed` has what may still deliver an event, by name, and for how many seconds it may.
    """
    for name, at_least in needed.items():
        if seconds < at_least:
            raise ValueError(
                f"inbox_retention_seconds={seconds:g} is shorter than {name}={at_least:g}:"
                " an event delivered late would take effect again"
            )
