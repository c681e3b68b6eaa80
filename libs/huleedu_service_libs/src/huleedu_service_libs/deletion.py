"""A batch that was deleted, and that nothing brings it back.

`forgetting(forget)` is the handler of every service that keeps something of a batch: within one
transaction it bars the batch, deletes what messaging holds of it, calls the service's `forget`, and
confirms.

Barred for ever is an id and a time. An event of a barred batch has no effect: the statement that
writes its inbox row asks, so that it costs no statement more. Whatever writes of a batch without an
event, as an HTTP request does, asks `is_barred` first in its transaction.

Asking takes a lock that barring takes alone, until the transaction's end, and only then looks, in a
snapshot of its own: this is why a function of the database does it. So a deletion waits for whoever
has asked before it and deletes what they have written too; who asks later sees it barred. Of locks
there are 64, for a transaction of many events must not fill the server's table of locks.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from dishka import FromDishka
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.deletion_events import (
    AboutDeletion,
    BatchDataDeletedV1,
    BatchDeletedV1,
)
from common_core.events.envelope import EventData, EventEnvelope
from common_core.identifiers import BatchId
from common_core.topics import EVENTS
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.routing import Work
from huleedu_service_libs.schema import messaging

Forget = Callable[[AsyncSession, BatchId], Awaitable[Mapping[str, int]]]
"""Delete everything derived from the batch; the number of rows deleted, by table."""

barred_batches = sa.Table(
    "barred_batches",
    messaging,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column(
        "barred_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
)

_TOPICS = [row.topic for row in EVENTS if issubclass(row.model, AboutDeletion)]
_BARRED = sa.text("SELECT barred_among(CAST(:batch_ids AS uuid[]))")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(barring_lock(:batch_id))")
_BAR = sa.text("INSERT INTO barred_batches (batch_id) VALUES (:batch_id) ON CONFLICT DO NOTHING")
_FORGET_OUTGOING = sa.text(
    "DELETE FROM outbox WHERE topic <> ALL(CAST(:topics AS text[]))"
    " AND (key = :id OR position(CAST(:id AS bytea) IN payload) > 0)"
)
_FORGET_DEAD_LETTERS = sa.text(
    "DELETE FROM dead_letters WHERE topic <> ALL(CAST(:topics AS text[]))"
    " AND (key = :id OR position(CAST(:id AS bytea) IN payload) > 0)"
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def batch_of(data: EventData) -> UUID | None:
    """The batch that an event has effects on; None for one that tells of a deletion."""
    if isinstance(data, AboutDeletion):
        return None
    batch_id: UUID | None = getattr(data, "batch_id", None)
    return batch_id


async def is_barred(session: AsyncSession, batch_id: UUID) -> bool:
    """Whether the batch was deleted; if not, it is not before the transaction's end."""
    return bool(await _barred_among(session, [batch_id]))


async def names_barred(session: AsyncSession, topic: str, payload: bytes | None) -> bool:
    """Whether bytes that may be no event name a batch that was deleted; as `is_barred`."""
    if topic in _TOPICS:
        return False
    named = {UUID(found.decode()) for found in _UUID.findall(payload or b"")}
    return bool(await _barred_among(session, named))


async def _barred_among(session: AsyncSession, batch_ids: Collection[UUID]) -> list[UUID]:
    return list(await session.scalar(_BARRED, {"batch_ids": list(batch_ids)}) or ())


async def have_alone(session: AsyncSession, batch_id: UUID) -> None:
    """Wait until nobody has an event of the batch under way, and let nobody until the commit.

    The caller's transaction has asked for no batch, and has no row of this one.
    """
    await session.execute(_LOCK, {"batch_id": batch_id})


async def bar(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    """Let no event of the batch have an effect from now on, and delete what waits of it.

    As `have_alone`. The number of rows deleted, by table.
    """
    await have_alone(session, batch_id)
    await session.execute(_BAR, {"batch_id": batch_id})
    named = {"topics": _TOPICS, "id": str(batch_id).encode()}
    return {
        "outbox": await _deleted(session, _FORGET_OUTGOING, named),
        "dead_letters": await _deleted(session, _FORGET_DEAD_LETTERS, named),
    }


async def _deleted(
    session: AsyncSession, delete: sa.Executable, parameters: Mapping[str, object] | None = None
) -> int:
    result = await session.execute(
        delete, parameters, execution_options={"synchronize_session": False}
    )
    assert isinstance(result, sa.CursorResult)  # noqa: S101 - what a DELETE gives
    return result.rowcount


async def delete_rows(session: AsyncSession, *deletes: sa.Delete) -> dict[str, int]:
    """Delete in this order; the number of rows, by table."""
    return {each.table.description: await _deleted(session, each) for each in deletes}


def forgetting(
    forget: Forget,
) -> Callable[..., Awaitable[None]]:
    """The handler of BatchDeletedV1, for `router.work`: it shares its transaction with nobody."""

    async def forget_batch(
        event: EventEnvelope[BatchDeletedV1], work: Work, settings: FromDishka[ServiceSettings]
    ) -> None:
        """A batch was deleted: everything derived from it goes, and nothing of it comes back."""
        batch_id = event.data.batch_id
        async with work.transaction() as tx:
            rows = {**await bar(tx.session, batch_id), **await forget(tx.session, batch_id)}
            confirmation = BatchDataDeletedV1(
                batch_id=batch_id, service=settings.service_name, rows=rows
            )
            # One cause has a confirmation of each service.
            tx.emit(confirmation, discriminator=settings.service_name)

    return forget_batch
