"""The results on file, by phase and fingerprint."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, String, Uuid, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.domain_enums import PhaseName
from common_core.events.phase_events import PhaseCompleted
from common_core.identifiers import BatchId, RunId
from common_core.models import EssayText
from huleedu_service_libs.deletion import delete_rows
from services.batch_conductor_service.domain import Result

_THE_ONLY_ONE = ""


class Base(DeclarativeBase):
    pass


class PhaseResultRow(Base):
    __tablename__ = "phase_results"

    phase: Mapped[str] = mapped_column(String, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    engine_version: Mapped[str] = mapped_column(String, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    run_id: Mapped[UUID] = mapped_column(Uuid)
    essays: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=func.now()
    )


class PhaseEngineRow(Base):
    """The version that answers a phase now; of a phase that has no row there is only one."""

    __tablename__ = "phase_engines"

    phase: Mapped[str] = mapped_column(String, primary_key=True)
    engine_version: Mapped[str] = mapped_column(String)
    started_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


async def remember_engine(
    session: AsyncSession, phase: PhaseName, version: str, started_at: datetime
) -> None:
    """The last to start counts, in whatever order one hears of them."""
    started = insert(PhaseEngineRow).values(
        phase=phase, engine_version=version, started_at=started_at
    )
    await session.execute(
        started.on_conflict_do_update(
            index_elements=["phase"],
            set_={"engine_version": version, "started_at": started_at},
            where=PhaseEngineRow.started_at < started_at,
        )
    )


async def file_result(session: AsyncSession, phase: PhaseName, completed: PhaseCompleted) -> None:
    """The first result of a version stays: a later one answers the same question."""
    await session.execute(
        insert(PhaseResultRow)
        .values(
            phase=phase,
            fingerprint=completed.fingerprint,
            engine_version=completed.engine_version or _THE_ONLY_ONE,
            batch_id=completed.batch_id,
            run_id=completed.run_id,
            essays=[essay.model_dump(mode="json") for essay in completed.succeeded],
        )
        .on_conflict_do_nothing()
    )


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    deleted = await delete_rows(
        session, delete(PhaseResultRow).where(PhaseResultRow.batch_id == batch_id)
    )
    return {**deleted, PhaseEngineRow.__tablename__: 0}  # tells of no batch


async def find_results(
    session: AsyncSession, phase: PhaseName, fingerprints: Iterable[str]
) -> dict[str, Result]:
    """Those of the version that answers now, from the earliest recorded to the latest."""
    engine = await session.get(PhaseEngineRow, phase)
    version = engine.engine_version if engine else _THE_ONLY_ONE
    rows = await session.scalars(
        select(PhaseResultRow)
        .where(
            PhaseResultRow.phase == phase,
            PhaseResultRow.fingerprint.in_(set(fingerprints)),
            PhaseResultRow.engine_version == version,
        )
        .order_by(PhaseResultRow.sequence)
    )
    return {
        row.fingerprint: Result(
            run_id=RunId(row.run_id),
            essays=tuple(EssayText.model_validate(essay) for essay in row.essays),
        )
        for row in rows
    }
