"""Phases under way and the state of their essays.

Whatever changes a phase locks its row first. Once it is closed its outcome is out, and it changes
no more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    String,
    Uuid,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from common_core.domain_enums import PhaseName, RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.phase_events import PhaseCommand
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import EssayText
from services.essay_lifecycle_service.domain.phase_run import EssayInPhase, State
from services.essay_lifecycle_service.store.base import Base
from services.essay_lifecycle_service.store.controls import lock_control


class PhaseRunRow(Base):
    __tablename__ = "phase_runs"
    __table_args__ = (
        Index("phase_runs_open", "deadline", postgresql_where=text("closed_at IS NULL")),
    )

    run_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    phase: Mapped[str] = mapped_column(String, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    correlation_id: Mapped[UUID] = mapped_column(Uuid)
    deadline: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class EssayInPhaseRow(Base):
    __tablename__ = "essays_in_phase"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "phase"], ["phase_runs.run_id", "phase_runs.phase"]),
    )

    run_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    phase: Mapped[str] = mapped_column(String, primary_key=True)
    essay_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    file_name: Mapped[str] = mapped_column(String)
    text_id: Mapped[str] = mapped_column(String)
    fingerprint: Mapped[str] = mapped_column(String)
    state: Mapped[str] = mapped_column(String)
    output: Mapped[str | None] = mapped_column(String)
    code: Mapped[str | None] = mapped_column(String)
    reason: Mapped[str | None] = mapped_column(String)


@dataclass(frozen=True)
class PhaseRun:
    batch_id: BatchId
    run_id: RunId
    phase: PhaseName
    correlation_id: UUID


async def open_phase_run(
    session: AsyncSession,
    phase: PhaseName,
    command: PhaseCommand,
    essays: Sequence[EssayInPhase],
    correlation_id: UUID,
) -> bool:
    """False if this phase of this run was opened before, or the run is cancelled."""
    control = await lock_control(session, command.batch_id, command.run_id)
    if control is RunControl.CANCEL:
        return False
    opened = await session.scalar(
        insert(PhaseRunRow)
        .values(
            run_id=command.run_id,
            phase=phase,
            batch_id=command.batch_id,
            correlation_id=correlation_id,
            deadline=_after(None if control is RunControl.PAUSE else command.deadline_seconds),
        )
        .on_conflict_do_nothing()
        .returning(PhaseRunRow.run_id)
    )
    if opened is None:
        return False
    await session.execute(
        insert(EssayInPhaseRow),
        [
            {
                "run_id": command.run_id,
                "phase": phase,
                "essay_id": essay.essay.essay_id,
                "position": position,
                "file_name": essay.essay.file_name,
                "text_id": essay.essay.text_id,
                "fingerprint": essay.fingerprint,
                "state": essay.state,
            }
            for position, essay in enumerate(essays)
        ],
    )
    return True


def _after(seconds: float | None) -> ColumnElement[datetime] | None:
    return None if seconds is None else func.now() + timedelta(seconds=seconds)


async def apply_control(session: AsyncSession, control: BatchRunControlledV1) -> None:
    """Of a cancelled run nothing is waited for any more, and nothing is said."""
    cancelled = control.control is RunControl.CANCEL
    deadline = {} if cancelled else {"deadline": _after(control.deadline_seconds)}
    await session.execute(
        update(PhaseRunRow)
        .where(PhaseRunRow.run_id == control.run_id, PhaseRunRow.closed_at.is_(None))
        .values({"closed_at": func.now()} if cancelled else deadline)
    )


def _open() -> Select[PhaseRunRow]:
    query = select(PhaseRunRow).where(PhaseRunRow.closed_at.is_(None))
    return query.execution_options(populate_existing=True)


async def lock_open_phase_run(
    session: AsyncSession, run_id: RunId, phase: PhaseName
) -> PhaseRun | None:
    """None if there is no such phase run, or it is over."""
    row = await session.scalar(
        _open().where(PhaseRunRow.run_id == run_id, PhaseRunRow.phase == phase).with_for_update()
    )
    return None if row is None else _phase_run(row)


async def lock_overdue_phase_run(
    session: AsyncSession, run_id: RunId, phase: PhaseName
) -> PhaseRun | None:
    """None if it is over by now, or somebody else is at it."""
    row = await session.scalar(
        _open()
        .where(
            PhaseRunRow.run_id == run_id,
            PhaseRunRow.phase == phase,
            PhaseRunRow.deadline <= func.now(),
        )
        .with_for_update(skip_locked=True)
    )
    return None if row is None else _phase_run(row)


async def overdue_phase_runs(session: AsyncSession) -> Sequence[PhaseRun]:
    rows = await session.scalars(
        _open().where(PhaseRunRow.deadline <= func.now()).order_by(PhaseRunRow.deadline).limit(100)
    )
    return [_phase_run(row) for row in rows]


def _phase_run(row: PhaseRunRow) -> PhaseRun:
    return PhaseRun(
        batch_id=BatchId(row.batch_id),
        run_id=RunId(row.run_id),
        phase=PhaseName(row.phase),
        correlation_id=row.correlation_id,
    )


async def essays_in(
    session: AsyncSession, run: PhaseRun, only: Collection[EssayId] | None = None
) -> tuple[EssayInPhase, ...]:
    """In the order of the command."""
    query = (
        select(EssayInPhaseRow)
        .where(EssayInPhaseRow.run_id == run.run_id, EssayInPhaseRow.phase == run.phase)
        .order_by(EssayInPhaseRow.position)
        .execution_options(populate_existing=True)
    )
    if only is not None:
        query = query.where(EssayInPhaseRow.essay_id.in_(only))
    return tuple(
        EssayInPhase(
            essay=EssayText(
                essay_id=EssayId(row.essay_id),
                file_name=row.file_name,
                text_id=TextId(row.text_id),
            ),
            fingerprint=row.fingerprint,
            state=State(row.state),
            output=None if row.output is None else TextId(row.output),
            code=row.code,
            reason=row.reason,
        )
        for row in await session.scalars(query)
    )


async def save_essays(session: AsyncSession, run: PhaseRun, essays: Iterable[EssayInPhase]) -> None:
    rows = [
        {
            "run_id": run.run_id,
            "phase": run.phase,
            "essay_id": essay.essay.essay_id,
            "state": essay.state,
            "output": essay.output,
            "code": essay.code,
            "reason": essay.reason,
        }
        for essay in essays
    ]
    if rows:
        await session.execute(update(EssayInPhaseRow), rows)


async def outstanding(session: AsyncSession, run: PhaseRun) -> bool:
    """Whether an essay still waits for its answer."""
    waiting = await session.scalar(
        select(EssayInPhaseRow.essay_id)
        .where(
            EssayInPhaseRow.run_id == run.run_id,
            EssayInPhaseRow.phase == run.phase,
            EssayInPhaseRow.state == State.REQUESTED,
        )
        .limit(1)
    )
    return waiting is not None


async def close_phase_run(session: AsyncSession, run: PhaseRun) -> None:
    await session.execute(
        update(PhaseRunRow)
        .where(PhaseRunRow.run_id == run.run_id, PhaseRunRow.phase == run.phase)
        .values(closed_at=func.now())
    )
