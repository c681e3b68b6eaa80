"""Batches and their uploads.

Whatever changes a batch locks its row first, and an upload that comes before the registration
makes that row: so the events of a batch, which arrive on several topics, take turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, String, Uuid, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from common_core.identifiers import BatchId, EssayId, TextId
from services.essay_lifecycle_service.domain.intake import Intake, Placement, Refusal, Upload
from services.essay_lifecycle_service.store.base import Base


class BatchRow(Base):
    __tablename__ = "batches"
    __table_args__ = (
        Index(
            "batches_awaiting_uploads", "upload_deadline", postgresql_where=text("ready_at IS NULL")
        ),
    )

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    essay_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    """None until the batch is registered."""
    correlation_id: Mapped[UUID | None] = mapped_column(Uuid)
    upload_deadline: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    ready_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class UploadRow(Base):
    __tablename__ = "uploads"

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    file_name: Mapped[str] = mapped_column(String, primary_key=True)
    file_hash: Mapped[str] = mapped_column(String, primary_key=True)
    refused: Mapped[bool] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    placement: Mapped[str] = mapped_column(String)
    text_id: Mapped[str | None] = mapped_column(String)
    code: Mapped[str | None] = mapped_column(String)
    reason: Mapped[str | None] = mapped_column(String)


@dataclass(frozen=True)
class Batch:
    batch_id: BatchId
    essay_ids: tuple[EssayId, ...] | None
    """None until the batch is registered."""
    intake: Intake


async def lock_batch(session: AsyncSession, batch_id: BatchId) -> Batch:
    await session.execute(insert(BatchRow).values(batch_id=batch_id).on_conflict_do_nothing())
    row = await session.scalar(
        select(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise LookupError(f"batch {batch_id} vanished while it was being locked")
    return await _with_uploads(session, row)


async def lock_overdue_batch(session: AsyncSession, batch_id: BatchId) -> Batch | None:
    """None if it is no longer overdue, or somebody else is at it."""
    row = await session.scalar(
        select(BatchRow)
        .where(
            BatchRow.batch_id == batch_id,
            BatchRow.ready_at.is_(None),
            BatchRow.upload_deadline <= func.now(),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return None if row is None else await _with_uploads(session, row)


async def _with_uploads(session: AsyncSession, row: BatchRow) -> Batch:
    batch_id = BatchId(row.batch_id)
    essay_ids = row.essay_ids
    return Batch(
        batch_id=batch_id,
        essay_ids=None if essay_ids is None else tuple(EssayId(id_) for id_ in essay_ids),
        intake=Intake(
            slots=len(essay_ids or ()),
            held=await uploads(session, batch_id, Placement.HELD),
            ready=row.ready_at is not None,
        ),
    )


async def overdue_batches(session: AsyncSession) -> Sequence[tuple[BatchId, UUID]]:
    """Batches whose upload deadline has passed, with the correlation id of their registration."""
    rows = await session.execute(
        select(BatchRow.batch_id, BatchRow.correlation_id)
        .where(BatchRow.ready_at.is_(None), BatchRow.upload_deadline <= func.now())
        .order_by(BatchRow.upload_deadline)
        .limit(100)
    )
    return [(BatchId(batch_id), correlation or batch_id) for batch_id, correlation in rows]


async def uploads(
    session: AsyncSession, batch_id: BatchId, placement: Placement
) -> tuple[Upload, ...]:
    """In the order in which they came."""
    rows = await session.execute(
        select(
            UploadRow.file_name,
            UploadRow.file_hash,
            UploadRow.text_id,
            UploadRow.code,
            UploadRow.reason,
        )
        .where(UploadRow.batch_id == batch_id, UploadRow.placement == placement)
        .order_by(UploadRow.sequence)
    )
    return tuple(
        Upload(
            name, hash_, Refusal(code or "", reason or "") if text_id is None else TextId(text_id)
        )
        for name, hash_, text_id, code, reason in rows
    )


async def register(
    session: AsyncSession,
    batch_id: BatchId,
    essay_ids: Sequence[EssayId],
    correlation_id: UUID,
    upload_deadline_seconds: float,
) -> Intake:
    """The slots, all free."""
    await session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(
            essay_ids=list(essay_ids),
            correlation_id=correlation_id,
            upload_deadline=func.now() + timedelta(seconds=upload_deadline_seconds),
        )
    )
    return Intake(slots=len(essay_ids))


async def mark_ready(session: AsyncSession, batch_id: BatchId) -> None:
    await session.execute(
        update(BatchRow).where(BatchRow.batch_id == batch_id).values(ready_at=func.now())
    )


async def record_upload(session: AsyncSession, batch_id: BatchId, upload: Upload) -> bool:
    """False if this very file has been recorded before."""
    content = upload.content
    recorded = await session.scalar(
        insert(UploadRow)
        .values(
            batch_id=batch_id,
            file_name=upload.file_name,
            file_hash=upload.file_hash,
            refused=upload.refused,
            placement=Placement.WAITING,
            text_id=None if isinstance(content, Refusal) else content,
            code=content.code if isinstance(content, Refusal) else None,
            reason=content.reason if isinstance(content, Refusal) else None,
        )
        .on_conflict_do_nothing()
        .returning(UploadRow.sequence)
    )
    return recorded is not None


async def set_placement(
    session: AsyncSession, batch_id: BatchId, upload: Upload, placement: Placement
) -> None:
    await session.execute(
        update(UploadRow)
        .where(
            UploadRow.batch_id == batch_id,
            UploadRow.file_name == upload.file_name,
            UploadRow.file_hash == upload.file_hash,
            UploadRow.refused == upload.refused,
        )
        .values(placement=placement)
    )
