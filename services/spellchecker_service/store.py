"""Checks, kept once per text and not once per request, and which essay has which."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, String, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.events.spellcheck_events import EssaySpellcheckRequestedV1
from common_core.identifiers import BatchId, RunId, TextId
from common_core.models import Correction, EssayFailure, EssayText
from huleedu_service_libs.deletion import delete_rows
from services.spellchecker_service.results import Check, CheckKey

_NO_ASSIGNMENT = ""
"""NULLs are never equal, so that a key with one would not be unique."""


class Base(DeclarativeBase):
    pass


class CheckRow(Base):
    __tablename__ = "checks"
    __table_args__ = (
        UniqueConstraint(
            "text_id", "language", "assignment_text_id", "glossary_hash", "engine_version"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    assignment_text_id: Mapped[str] = mapped_column(String(64))
    glossary_hash: Mapped[str] = mapped_column(String(64))
    engine_version: Mapped[str]
    corrected_text_id: Mapped[str] = mapped_column(String(64))
    corrections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    word_count: Mapped[int]
    correction_count: Mapped[int]
    by_kind: Mapped[dict[str, int]] = mapped_column(JSONB)
    density: Mapped[float]
    duration_seconds: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class EssayCheckRow(Base):
    """The answer to one request: a check, or why there is none."""

    __tablename__ = "essay_checks"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    essay_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    check_id: Mapped[int | None] = mapped_column(ForeignKey("checks.id"))
    failure_code: Mapped[str | None]
    failure_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RecalledRow(Base):
    """A run that was cancelled."""

    __tablename__ = "recalled_runs"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]


async def recall(session: AsyncSession, batch_id: BatchId, run_id: RunId) -> None:
    recalled = insert(RecalledRow).values(run_id=run_id, batch_id=batch_id)
    await session.execute(recalled.on_conflict_do_nothing())


async def is_recalled(session: AsyncSession, run_id: RunId) -> bool:
    return await session.get(RecalledRow, run_id) is not None


def _key_columns(key: CheckKey) -> dict[str, str]:
    return {
        "text_id": key.text_id,
        "language": key.language.value,
        "assignment_text_id": key.assignment_text_id or _NO_ASSIGNMENT,
        "glossary_hash": key.glossary_hash,
        "engine_version": key.engine_version,
    }


async def find_check(session: AsyncSession, key: CheckKey) -> Check | None:
    row = await session.scalar(select(CheckRow).filter_by(**_key_columns(key)))
    if row is None:
        return None
    return Check(
        key=key,
        corrected_text_id=TextId(row.corrected_text_id),
        corrections=tuple(Correction.model_validate(item) for item in row.corrections),
        word_count=row.word_count,
        duration_seconds=row.duration_seconds,
    )


async def keep_check(session: AsyncSession, check: Check) -> int:
    """Store a check and return its id; that of the one that is there already, if there is."""
    statement = insert(CheckRow).values(
        **_key_columns(check.key),
        corrected_text_id=check.corrected_text_id,
        corrections=[correction.model_dump(mode="json") for correction in check.corrections],
        word_count=check.word_count,
        correction_count=len(check.corrections),
        by_kind=check.by_kind,
        density=check.density,
        duration_seconds=check.duration_seconds,
    )
    unchanged = {"text_id": statement.excluded.text_id}
    key = list(_key_columns(check.key))
    return (
        await session.execute(
            statement.on_conflict_do_update(index_elements=key, set_=unchanged).returning(
                CheckRow.id
            )
        )
    ).scalar_one()


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    """With the checks that no other batch has.

    They are locked before they are looked for among other batches' answers: whoever keeps one
    meanwhile has locked it too, and is waited for.
    """
    mine = EssayCheckRow.batch_id == batch_id
    checks = select(EssayCheckRow.check_id).where(mine)
    locked = await session.scalars(
        select(CheckRow.id).where(CheckRow.id.in_(checks)).order_by(CheckRow.id).with_for_update()
    )
    used = select(EssayCheckRow.check_id).where(EssayCheckRow.check_id == CheckRow.id)
    return await delete_rows(
        session,
        delete(EssayCheckRow).where(mine),
        delete(RecalledRow).where(RecalledRow.batch_id == batch_id),
        delete(CheckRow).where(CheckRow.id.in_(list(locked)), ~used.exists()),
    )


async def record_answer(
    session: AsyncSession,
    request: EssaySpellcheckRequestedV1,
    essay: EssayText,
    answer: int | EssayFailure,
) -> None:
    """What came of a request: the id of a check, or a failure."""
    failure = answer if isinstance(answer, EssayFailure) else None
    columns = {
        "batch_id": request.batch_id,
        "check_id": answer if isinstance(answer, int) else None,
        "failure_code": failure and failure.code,
        "failure_reason": failure and failure.reason,
    }
    await session.execute(
        insert(EssayCheckRow)
        .values(run_id=request.run_id, essay_id=essay.essay_id, **columns)
        .on_conflict_do_update(index_elements=["run_id", "essay_id"], set_=columns)
    )
