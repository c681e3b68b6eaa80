"""A service whose effect is a line in a ledger: what the engine is tested with.

It hears one event within a transaction and one with work before it; to each it says that content
was provisioned.
"""

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.envelope import EventData, EventEnvelope
from common_core.events.essay_events import (
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.identifiers import BatchId, TextId
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.routing import Router, Work
from huleedu_service_libs.transaction import Transaction

MIGRATIONS = Path(__file__).parent / "ledger_migrations"
WORK_TTL_SECONDS = 7_200

ledger = sa.table(
    "ledger", sa.column("line"), sa.column("event_id"), sa.column("key"), sa.column("text")
)

Before = Callable[[str], Awaitable[None]]


async def _nothing(_text: str) -> None:
    return


def make_router(before: Before = _nothing) -> Router:
    """Handlers that first await `before` with the event's text."""
    router = Router()

    @router.on(EssayContentRejectedV1)
    async def note_rejection(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
        await before(event.data.reason)
        await _note(tx, event, event.data.batch_id, event.data.reason)

    @router.work(ExcessContentReportedV1, completed_ttl_seconds=WORK_TTL_SECONDS)
    async def note_excess(event: EventEnvelope[ExcessContentReportedV1], work: Work) -> None:
        await before(event.data.reason)
        async with work.transaction() as tx:
            await _note(tx, event, event.data.batch_id, event.data.reason)

    return router


router = make_router()


async def _note(
    tx: Transaction, event: EventEnvelope[EventData], batch_id: BatchId, text: str
) -> None:
    line = {"event_id": event.event_id, "key": str(batch_id), "text": text}
    await tx.session.execute(sa.insert(ledger), line)
    tx.emit(provisioned(batch_id, text))


def settings() -> ServiceSettings:
    return ServiceSettings(service_name="ledger_service", port=1)


def provisioned(batch_id: BatchId, name: str = "a.txt") -> EssayContentProvisionedV1:
    return EssayContentProvisionedV1(
        batch_id=batch_id,
        file_name=name,
        file_hash="0" * 64,
        text_id=TextId("0" * 64),
        word_count=1,
        character_count=1,
    )


def rejection(batch_id: uuid.UUID | None = None, reason: str = "a") -> EssayContentRejectedV1:
    return EssayContentRejectedV1(
        batch_id=BatchId(batch_id or uuid.uuid4()),
        file_name="a.pdf",
        file_hash="0" * 64,
        code="unreadable",
        reason=reason,
    )


def excess(batch_id: uuid.UUID | None = None, reason: str = "a") -> ExcessContentReportedV1:
    return ExcessContentReportedV1(
        batch_id=BatchId(batch_id or uuid.uuid4()),
        file_name="a.pdf",
        file_hash="0" * 64,
        reason=reason,
    )


async def lines_of(
    session: AsyncSession, data: EssayContentRejectedV1 | ExcessContentReportedV1
) -> int:
    """How many lines the ledger has for an event's batch."""
    query = sa.select(sa.func.count()).select_from(ledger)
    return int(await session.scalar(query.where(ledger.c.key == str(data.batch_id))) or 0)
