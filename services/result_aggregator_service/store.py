"""Facts, and the progress that was shown after each of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Index,
    String,
    Uuid,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.events.envelope import EventData
from common_core.http_models import BatchEvent, BatchProgress
from common_core.identifiers import BatchId, RunId
from common_core.topics import event_type_named
from huleedu_service_libs.deletion import delete_rows
from services.result_aggregator_service.domain.heard import Fact, HeardEvent, fact_id


class Base(DeclarativeBase):
    pass


class BatchRow(Base):
    """What a batch looks like now. `owner_id` is null until somebody has said whose it is."""

    __tablename__ = "batches"
    __table_args__ = (Index("batches_of_owner", "owner_id", "created_at"),)

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[str | None] = mapped_column(String)
    created_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class FactRow(Base):
    __tablename__ = "facts"
    __table_args__ = (Index("facts_of_batch", "batch_id"),)

    fact_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    event_type: Mapped[str] = mapped_column(String)
    said_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ProgressRow(Base):
    __tablename__ = "progress"
    __table_args__ = (Index("progress_by_age", "shown_at"),)

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shown_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class AnnouncedRow(Base):
    """A run whose results were announced."""

    __tablename__ = "announced_runs"

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


async def lock_batch(session: AsyncSession, batch_id: BatchId) -> datetime:
    """Let nobody else change what is known of the batch; the database's time."""
    await session.execute(insert(BatchRow).values(batch_id=batch_id).on_conflict_do_nothing())
    now = await session.scalar(
        select(func.clock_timestamp()).where(BatchRow.batch_id == batch_id).with_for_update()
    )
    assert isinstance(now, datetime)  # noqa: S101 - the row was written one statement before
    return now


async def keep(session: AsyncSession, fact: Fact) -> bool:
    """False if it was known."""
    kept = await session.scalar(
        insert(FactRow)
        .values(
            fact_id=fact_id(fact.data),
            batch_id=fact.data.batch_id,
            event_type=type(fact.data).__name__,
            said_at=fact.at,
            data=fact.data.model_dump(mode="json"),
        )
        .on_conflict_do_nothing()
        .returning(FactRow.fact_id)
    )
    return kept is not None


async def facts(session: AsyncSession, batch_id: BatchId) -> list[Fact]:
    rows = await session.execute(
        select(FactRow.event_type, FactRow.said_at, FactRow.data).where(
            FactRow.batch_id == batch_id
        )
    )
    return [Fact(_read(name, data), said_at) for name, said_at, data in rows]


def _read(name: str, data: dict[str, Any]) -> HeardEvent:
    model: type[EventData] = event_type_named(name).model
    return model.model_validate(data)  # type: ignore[return-value]  # only heard events are kept


async def show(session: AsyncSession, progress: BatchProgress) -> None:
    """Append to what the batch looked like, unless it still looks the same."""
    row = await session.get_one(BatchRow, progress.batch_id, populate_existing=True)
    shown = progress.model_dump(mode="json")
    if row.progress is not None and _looks(row.progress) == _looks(shown):
        return
    row.owner_id, row.created_at = progress.owner_id, progress.created_at
    row.sequence, row.progress = row.sequence + 1, shown
    session.add(ProgressRow(batch_id=progress.batch_id, sequence=row.sequence, progress=shown))


def _looks(progress: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in progress.items() if name != "updated_at"}


async def announce(session: AsyncSession, batch_id: BatchId, run_id: RunId) -> bool:
    """False if the run's results were announced before."""
    announced = await session.scalar(
        insert(AnnouncedRow)
        .values(batch_id=batch_id, run_id=run_id)
        .on_conflict_do_nothing()
        .returning(AnnouncedRow.run_id)
    )
    return announced is not None


async def shown_progress(session: AsyncSession, batch_id: BatchId) -> BatchEvent | None:
    """What the batch looks like now, None if it is not known whose it is."""
    row = await session.get(BatchRow, batch_id)
    if row is None or row.progress is None:
        return None
    return _event(row.sequence, row.progress)


async def batches_of(session: AsyncSession, owner_id: str, limit: int) -> list[BatchProgress]:
    """The newest first."""
    rows = await session.scalars(
        select(BatchRow.progress)
        .where(BatchRow.owner_id == owner_id)
        .order_by(BatchRow.created_at.desc(), BatchRow.batch_id)
        .limit(limit)
    )
    return [BatchProgress.model_validate(row) for row in rows]


async def progress_after(
    session: AsyncSession, batch_id: BatchId, sequence: int, limit: int
) -> Sequence[BatchEvent]:
    rows = await session.execute(
        select(ProgressRow.sequence, ProgressRow.progress)
        .where(ProgressRow.batch_id == batch_id, ProgressRow.sequence > sequence)
        .order_by(ProgressRow.sequence)
        .limit(limit)
    )
    return [_event(number, progress) for number, progress in rows]


_FORGET = text(
    "WITH old AS (SELECT batch_id, sequence FROM progress"
    " WHERE shown_at < now() - CAST(:older_than AS interval)"
    " AND sequence < (SELECT sequence FROM batches WHERE batches.batch_id = progress.batch_id)"
    " LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " DELETE FROM progress USING old"
    " WHERE progress.batch_id = old.batch_id AND progress.sequence = old.sequence"
)


async def forget_steps(session: AsyncSession, older_than: timedelta, *, limit: int) -> int:
    """Delete up to `limit` steps older than that by PostgreSQL's clock, never a batch's last."""
    parameters = {"older_than": older_than, "limit": limit}
    result = cast("CursorResult[Any]", await session.execute(_FORGET, parameters))
    return result.rowcount


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    tables = (AnnouncedRow, ProgressRow, FactRow, BatchRow)
    return await delete_rows(
        session, *(delete(table).where(table.batch_id == batch_id) for table in tables)
    )


def _event(sequence: int, progress: dict[str, Any]) -> BatchEvent:
    return BatchEvent(sequence=sequence, progress=BatchProgress.model_validate(progress))
