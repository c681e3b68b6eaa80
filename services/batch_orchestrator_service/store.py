"""Batches, their runs, and the requests for runs.

Whatever changes a batch or a run of it locks the batch's row first. A batch has one run under way
at most, and one deadline: that of the event it awaits, by PostgreSQL's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Uuid,
    case,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.domain_enums import BatchStatus, RunControl
from common_core.http_models import BatchDeletion, BatchRecord, CreateBatch, StartPipeline
from common_core.identifiers import BatchId, RunId
from common_core.models import EssayFailure, EssayText
from huleedu_service_libs.deletion import delete_rows
from services.batch_orchestrator_service.domain import Run, class_names, in_running_order

_ESSAYS = TypeAdapter(tuple[EssayText, ...])
_FAILURES = TypeAdapter(tuple[EssayFailure, ...])


class Base(DeclarativeBase):
    pass


class BatchRow(Base):
    __tablename__ = "batches"
    __table_args__ = (
        Index("batches_by_owner", "owner_id", "created_at"),
        Index("batches_awaiting", "deadline", postgresql_where=text("deadline IS NOT NULL")),
        Index("batches_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[str] = mapped_column(String)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    correlation_id: Mapped[UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String)
    message: Mapped[str] = mapped_column(String)
    essays: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    """The original texts; None until the batch is ready."""
    failed: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    deadline: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    control: Mapped[str] = mapped_column(String, server_default=RunControl.GO_ON)
    """What the owner wants of the run under way."""
    control_sequence: Mapped[int] = mapped_column(Integer, server_default="0")
    extra_comparisons: Mapped[int] = mapped_column(Integer, server_default="0")
    ended_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    """None while something is to be done."""
    earlier_names: Mapped[list[list[str]]] = mapped_column(JSONB, server_default="[]")
    """The names of the class as they were before each addition of essays."""
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=func.now()
    )


class RunRow(Base):
    __tablename__ = "runs"
    __table_args__ = (
        Index("runs_one_under_way", "batch_id", unique=True, postgresql_where=text("under_way")),
    )

    run_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.batch_id"))
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    under_way: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=func.now()
    )


class RunRequestRow(Base):
    """What was asked for, and the run that answers it."""

    __tablename__ = "run_requests"

    request_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.batch_id"))
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    run_id: Mapped[UUID] = mapped_column(Uuid)


class BudgetRequestRow(Base):
    """A request for more comparisons that has had its effect."""

    __tablename__ = "budget_requests"

    request_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.batch_id"))
    comparisons: Mapped[int] = mapped_column(Integer)


class DeletionRow(Base):
    """All that is kept of a batch that was deleted."""

    __tablename__ = "deletions"

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    waiting_for: Mapped[list[str]] = mapped_column(ARRAY(String))
    completed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class AdditionRow(Base):
    """Essays that joined a complete batch; the run is None if they had to wait for one."""

    __tablename__ = "additions"

    request_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.batch_id"))
    essays: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    run_id: Mapped[UUID | None] = mapped_column(Uuid)


@dataclass(frozen=True)
class Batch:
    request: CreateBatch
    correlation_id: UUID
    status: BatchStatus
    message: str
    created_at: datetime
    essays: tuple[EssayText, ...] | None
    """The original texts; None until the batch is ready."""
    failed: tuple[EssayFailure, ...]
    control: RunControl
    control_sequence: int
    extra_comparisons: int
    """Per essay, beyond the usual budget."""
    earlier_names: tuple[tuple[str, ...], ...]
    run: Run | None
    """The one under way."""

    @property
    def ready(self) -> bool:
        return self.essays is not None

    def record(self) -> BatchRecord:
        request = self.request
        return BatchRecord(
            batch_id=request.batch_id,
            owner_id=request.owner_id,
            name=request.name,
            language=request.language,
            essay_count=request.essay_count,
            judge=request.judge,
            pipeline=in_running_order(request.pipeline),
            status=self.status,
            message=self.message,
            created_at=self.created_at,
        )


def _batches() -> Select[tuple[BatchRow, dict[str, Any] | None]]:
    return (
        select(BatchRow, RunRow.state)
        .outerjoin(RunRow, (RunRow.batch_id == BatchRow.batch_id) & RunRow.under_way)
        .execution_options(populate_existing=True)
    )


def _batch(row: BatchRow, state: dict[str, Any] | None) -> Batch:
    return Batch(
        request=CreateBatch.model_validate(row.request),
        correlation_id=row.correlation_id,
        status=BatchStatus(row.status),
        message=row.message,
        created_at=row.created_at,
        essays=None if row.essays is None else _ESSAYS.validate_python(row.essays),
        failed=_FAILURES.validate_python(row.failed or ()),
        control=RunControl(row.control),
        control_sequence=row.control_sequence,
        extra_comparisons=row.extra_comparisons,
        earlier_names=tuple(map(tuple, row.earlier_names)),
        run=None if state is None else Run.model_validate(state),
    )


async def find_batch(session: AsyncSession, batch_id: BatchId) -> Batch | None:
    found = (await session.execute(_batches().where(BatchRow.batch_id == batch_id))).one_or_none()
    return None if found is None else _batch(*found)


async def lock_batch(session: AsyncSession, batch_id: BatchId) -> Batch | None:
    await session.execute(
        select(BatchRow.batch_id).where(BatchRow.batch_id == batch_id).with_for_update()
    )
    return await find_batch(session, batch_id)


async def lock_overdue_batch(session: AsyncSession, batch_id: BatchId) -> Batch | None:
    """None if what it awaited has come meanwhile, or somebody else is at it."""
    locked = await session.scalar(
        select(BatchRow.batch_id)
        .where(BatchRow.batch_id == batch_id, BatchRow.deadline <= func.now())
        .with_for_update(skip_locked=True)
    )
    return None if locked is None else await find_batch(session, batch_id)


async def overdue_batches(session: AsyncSession) -> Sequence[Batch]:
    rows = await session.execute(
        _batches().where(BatchRow.deadline <= func.now()).order_by(BatchRow.deadline).limit(100)
    )
    return [_batch(*row) for row in rows]


async def batches_of(session: AsyncSession, owner_id: str) -> Sequence[Batch]:
    """Newest first."""
    rows = await session.execute(
        _batches()
        .where(BatchRow.owner_id == owner_id)
        .order_by(BatchRow.created_at.desc(), BatchRow.batch_id)
    )
    return [_batch(*row) for row in rows]


async def add_batch(
    session: AsyncSession,
    request: CreateBatch,
    *,
    message: str,
    correlation_id: UUID,
    deadline_seconds: float,
) -> bool:
    """False if there is a batch with this id."""
    added = await session.scalar(
        insert(BatchRow)
        .values(
            batch_id=request.batch_id,
            owner_id=request.owner_id,
            request=request.model_dump(mode="json"),
            correlation_id=correlation_id,
            status=BatchStatus.AWAITING_ESSAYS,
            message=message,
            deadline=func.now() + timedelta(seconds=deadline_seconds),
        )
        .on_conflict_do_nothing()
        .returning(BatchRow.batch_id)
    )
    return added is not None


async def set_ready(
    session: AsyncSession,
    batch_id: BatchId,
    essays: Sequence[EssayText],
    failed: Sequence[EssayFailure],
) -> None:
    """Keep the original texts."""
    await session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(
            essays=[essay.model_dump(mode="json") for essay in essays],
            failed=[failure.model_dump(mode="json") for failure in failed],
        )
    )


async def set_status(
    session: AsyncSession,
    batch_id: BatchId,
    status: BatchStatus,
    message: str,
    *,
    deadline_seconds: float | None,
) -> None:
    """`deadline_seconds` from now for the event awaited; None if none is."""
    deadline = None
    if deadline_seconds is not None:
        deadline = func.now() + timedelta(seconds=deadline_seconds)
    await session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(
            status=status,
            message=message,
            deadline=deadline,
            ended_at=func.now() if status.ended else None,
        )
    )


async def set_control(session: AsyncSession, batch_id: BatchId, control: RunControl) -> int:
    """The number of the change; later ones are larger."""
    sequence: int | None = await session.scalar(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(control=control, control_sequence=BatchRow.control_sequence + 1)
        .returning(BatchRow.control_sequence)
    )
    assert sequence is not None  # noqa: S101 - the caller has locked the row
    return sequence


async def add_comparisons(
    session: AsyncSession, batch_id: BatchId, request_id: UUID, comparisons: int
) -> bool:
    """Enlarge the budget; False if this request has done so before."""
    new = await session.scalar(
        insert(BudgetRequestRow)
        .values(request_id=request_id, batch_id=batch_id, comparisons=comparisons)
        .on_conflict_do_nothing()
        .returning(BudgetRequestRow.request_id)
    )
    if new is None:
        return False
    await session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(extra_comparisons=BatchRow.extra_comparisons + comparisons)
    )
    return True


async def budget_request_exists(session: AsyncSession, request_id: UUID) -> bool:
    return await session.get(BudgetRequestRow, request_id) is not None


@dataclass(frozen=True)
class Addition:
    essays: tuple[EssayText, ...]
    run_id: RunId | None


async def find_addition(session: AsyncSession, request_id: UUID) -> Addition | None:
    row = await session.get(AdditionRow, request_id)
    if row is None:
        return None
    run_id = None if row.run_id is None else RunId(row.run_id)
    return Addition(_ESSAYS.validate_python(row.essays), run_id)


async def add_essays(
    session: AsyncSession, batch: Batch, request_id: UUID, addition: Addition
) -> None:
    """Let essays join a batch that has its own; the batch is as it was locked."""
    essays, batch_id = batch.essays or (), batch.request.batch_id
    new = [essay.model_dump(mode="json") for essay in addition.essays]
    session.add(
        AdditionRow(request_id=request_id, batch_id=batch_id, essays=new, run_id=addition.run_id)
    )
    names = class_names(essays, batch.failed)
    await session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id)
        .values(
            essays=[*(essay.model_dump(mode="json") for essay in essays), *new],
            earlier_names=[*map(list, batch.earlier_names), list(names)],
        )
    )


async def latest_run(session: AsyncSession, batch_id: BatchId) -> Run | None:
    state = await session.scalar(
        select(RunRow.state)
        .where(RunRow.batch_id == batch_id)
        .order_by(RunRow.created_at.desc(), RunRow.run_id)
        .limit(1)
    )
    return None if state is None else Run.model_validate(state)


async def save_run(session: AsyncSession, run: Run, *, under_way: bool) -> None:
    values = {"state": run.model_dump(mode="json"), "under_way": under_way}
    await session.execute(
        insert(RunRow)
        .values(run_id=run.run_id, batch_id=run.batch_id, **values)
        .on_conflict_do_update(index_elements=[RunRow.run_id], set_=values)
    )


async def run_exists(session: AsyncSession, run_id: RunId) -> bool:
    return await session.scalar(select(RunRow.run_id).where(RunRow.run_id == run_id)) is not None


@dataclass(frozen=True)
class RunRequest:
    batch_id: BatchId
    request: StartPipeline
    run_id: RunId


async def find_run_request(session: AsyncSession, request_id: RunId) -> RunRequest | None:
    row = await session.get(RunRequestRow, request_id)
    if row is None:
        return None
    return RunRequest(
        BatchId(row.batch_id), StartPipeline.model_validate(row.request), RunId(row.run_id)
    )


async def add_run_request(
    session: AsyncSession, batch_id: BatchId, request: StartPipeline, run_id: RunId
) -> None:
    await session.execute(
        insert(RunRequestRow)
        .values(
            request_id=request.run_id,
            batch_id=batch_id,
            request=request.model_dump(mode="json"),
            run_id=run_id,
        )
        .on_conflict_do_nothing()
    )


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    tables = (AdditionRow, BudgetRequestRow, RunRequestRow, RunRow, BatchRow)
    return await delete_rows(
        session, *(delete(table).where(table.batch_id == batch_id) for table in tables)
    )


async def open_deletion(session: AsyncSession, batch_id: BatchId, services: Sequence[str]) -> None:
    """`services` have to confirm it."""
    await session.execute(insert(DeletionRow).values(batch_id=batch_id, waiting_for=list(services)))


async def confirm_deletion(session: AsyncSession, batch_id: BatchId, service: str) -> bool:
    """Whether this confirmation was the last."""
    left = func.array_remove(DeletionRow.waiting_for, service)
    nothing = func.cardinality(left) == 0
    completed = await session.scalar(
        update(DeletionRow)
        .where(DeletionRow.batch_id == batch_id, DeletionRow.completed_at.is_(None))
        .values(waiting_for=left, completed_at=case((nothing, func.now())))
        .returning(DeletionRow.completed_at)
    )
    return completed is not None


async def find_deletion(session: AsyncSession, batch_id: BatchId) -> BatchDeletion | None:
    row = await session.get(DeletionRow, batch_id, populate_existing=True)
    if row is None:
        return None
    return BatchDeletion(
        batch_id=batch_id,
        asked_at=row.asked_at,
        completed_at=row.completed_at,
        waiting_for=tuple(row.waiting_for),
    )


async def ended_batches(
    session: AsyncSession, older_than: timedelta, *, only: BatchId | None = None
) -> Sequence[tuple[BatchId, UUID]]:
    """Those that ended that long ago by PostgreSQL's clock, with their correlation ids."""
    query = (
        select(BatchRow.batch_id, BatchRow.correlation_id)
        .where(BatchRow.ended_at < func.now() - older_than)
        .order_by(BatchRow.ended_at)
        .limit(100)
    )
    if only is not None:
        query = query.where(BatchRow.batch_id == only).with_for_update()
    return [(BatchId(batch_id), cause) for batch_id, cause in await session.execute(query)]
