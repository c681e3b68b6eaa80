"""Assessments as rows: what was asked, every comparison with its verdict, and the ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid5

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.domain_enums import Language
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.judges import PEOPLE
from common_core.models import EssayFailure
from services.cj_assessment_service.assessment import (
    Assessment,
    Comparison,
    Dealt,
    Details,
    Essay,
    Outcome,
    Ranking,
    Verdict,
    Wave,
    Winner,
)


class Base(DeclarativeBase):
    pass


class AssessmentRow(Base):
    __tablename__ = "assessments"
    __table_args__ = (Index("assessments_of_batch", "batch_id"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    fingerprint: Mapped[str]
    judge: Mapped[str]
    language: Mapped[str]
    assignment_text_id: Mapped[str | None]
    rubric_text_id: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    grade_scale: Mapped[list[str]] = mapped_column(JSONB)
    failed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reliability: Mapped[float | None]
    stop_reason: Mapped[str | None]
    grade_note: Mapped[str | None]
    extra_comparisons: Mapped[int] = mapped_column(server_default="0")
    least_comparisons: Mapped[int] = mapped_column(server_default="0")
    expected_comparisons: Mapped[int] = mapped_column(server_default="0")
    versions: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    retired: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    people_heard_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    """When they had something new to do, or did something."""


class EssayRow(Base):
    __tablename__ = "essays"
    __table_args__ = (UniqueConstraint("run_id", "essay_id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.run_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    essay_id: Mapped[UUID]
    file_name: Mapped[str]
    text_id: Mapped[str]
    anchor_grade: Mapped[str | None]
    notes: Mapped[dict[str, Any]] = mapped_column(JSONB)


class WaveRow(Base):
    """A wave that is over."""

    __tablename__ = "waves"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.run_id"), primary_key=True)
    wave: Mapped[int] = mapped_column(primary_key=True)
    comparisons: Mapped[int]
    reliability: Mapped[float]


class ComparisonRow(Base):
    """A pair put to a judge; the verdict, or why there is none, is filled in once."""

    __tablename__ = "comparisons"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.run_id"), primary_key=True)
    judge: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)
    second: Mapped[int] = mapped_column(primary_key=True)
    wave: Mapped[int]
    place: Mapped[int]
    winner: Mapped[str | None]
    degree: Mapped[int | None]
    given_up: Mapped[str | None]
    judged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None]
    latency_seconds: Mapped[float | None]
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    pair_id: Mapped[UUID | None] = mapped_column(unique=True)
    """What a person knows the pair by."""
    person: Mapped[str | None]
    reserved_by: Mapped[str | None]
    reserved_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ScoreRow(Base):
    __tablename__ = "scores"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.run_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int]
    score: Mapped[float]
    standard_error: Mapped[float]
    best_rank: Mapped[int]
    worst_rank: Mapped[int]
    comparisons: Mapped[int]
    grade: Mapped[str | None]
    grade_probabilities: Mapped[dict[str, float] | None] = mapped_column(JSONB(none_as_null=True))


async def open_assessment(session: AsyncSession, assessment: Assessment) -> bool:
    """Store a new assessment, with what it has inherited; False if its run has one already."""
    new = await session.scalar(
        insert(AssessmentRow)
        .values(
            run_id=assessment.run_id,
            batch_id=assessment.batch_id,
            fingerprint=assessment.fingerprint,
            judge=assessment.judge,
            language=assessment.language,
            assignment_text_id=assessment.assignment_text_id,
            rubric_text_id=assessment.rubric_text_id,
            versions=assessment.versions,
            seed=assessment.seed,
            grade_scale=list(assessment.grade_scale),
            failed=[failure.model_dump(mode="json") for failure in assessment.failed],
            extra_comparisons=assessment.extra_comparisons,
            least_comparisons=assessment.least_comparisons,
        )
        .on_conflict_do_nothing()
        .returning(AssessmentRow.run_id)
    )
    if new is None:
        return False
    session.add_all(
        EssayRow(run_id=assessment.run_id, position=position, **vars(essay))
        for position, essay in enumerate(assessment.essays)
    )
    session.add_all(
        ComparisonRow(
            run_id=assessment.run_id,
            judge=each.judge,
            first=each.pair[0],
            second=each.pair[1],
            wave=each.wave,
            place=place,
            winner=each.outcome and each.outcome.winner,
            degree=each.outcome and each.outcome.degree,
            person=each.person,
            judged_at=func.now(),
            **asdict(each.details),
        )
        for place, each in enumerate(assessment.comparisons)
    )
    return True


async def load_assessment(session: AsyncSession, run_id: RunId) -> Assessment | None:
    row = await session.get(AssessmentRow, run_id)
    if row is None:
        return None
    essays = await session.scalars(
        select(EssayRow).filter_by(run_id=run_id).order_by(EssayRow.position)
    )
    comparisons = await session.scalars(
        select(ComparisonRow)
        .filter_by(run_id=run_id)
        .order_by(ComparisonRow.wave, ComparisonRow.place)
    )
    waves = await session.scalars(select(WaveRow).filter_by(run_id=run_id).order_by(WaveRow.wave))
    return Assessment(
        run_id=run_id,
        batch_id=BatchId(row.batch_id),
        fingerprint=row.fingerprint,
        judge=row.judge,
        language=Language(row.language),
        assignment_text_id=(
            None if row.assignment_text_id is None else TextId(row.assignment_text_id)
        ),
        rubric_text_id=None if row.rubric_text_id is None else TextId(row.rubric_text_id),
        seed=row.seed,
        grade_scale=tuple(row.grade_scale),
        essays=tuple(
            Essay(
                essay_id=EssayId(essay.essay_id),
                file_name=essay.file_name,
                text_id=TextId(essay.text_id),
                anchor_grade=essay.anchor_grade,
                notes=essay.notes,
            )
            for essay in essays
        ),
        failed=tuple(EssayFailure.model_validate(failure) for failure in row.failed),
        comparisons=tuple(_comparison(comparison) for comparison in comparisons),
        waves=tuple(Wave(wave.wave, wave.comparisons, wave.reliability) for wave in waves),
        closed=row.closed_at is not None,
        extra_comparisons=row.extra_comparisons,
        least_comparisons=row.least_comparisons,
        expected_comparisons=row.expected_comparisons,
        versions=row.versions,
        retired=row.retired,
    )


def _comparison(row: ComparisonRow) -> Comparison:
    outcome = None if row.winner is None else Outcome(cast("Winner", row.winner), row.degree)
    return Comparison(
        row.wave,
        row.judge,
        (row.first, row.second),
        outcome,
        row.given_up,
        row.person,
        Details(**{field.name: getattr(row, field.name) for field in fields(Details)}),
    )


async def earlier_runs(session: AsyncSession, assessment: Assessment) -> Sequence[RunId]:
    """The other assessments of the batch, the oldest first."""
    runs = await session.scalars(
        select(AssessmentRow.run_id)
        .where(
            AssessmentRow.batch_id == assessment.batch_id,
            AssessmentRow.run_id != assessment.run_id,
        )
        .order_by(AssessmentRow.created_at, AssessmentRow.run_id)
    )
    return [RunId(run_id) for run_id in runs]


async def lock_assessment(session: AsyncSession, run_id: RunId) -> bool:
    """Let nobody else take the assessment further; False if it is over, or there is none."""
    row = await session.scalar(
        select(AssessmentRow)
        .filter_by(run_id=run_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return row is not None and row.closed_at is None


async def plan_wave(
    session: AsyncSession, run_id: RunId, wave: int, dealt: Sequence[Dealt]
) -> None:
    session.add_all(
        ComparisonRow(
            run_id=run_id,
            judge=judge,
            first=first,
            second=second,
            wave=wave,
            place=place,
            pair_id=uuid5(run_id, f"{first} {second}") if judge == PEOPLE else None,
        )
        for place, (judge, (first, second)) in enumerate(dealt)
    )


async def last_wave(session: AsyncSession, run_id: RunId) -> int:
    """The latest that is over; 0 before the first."""
    return await session.scalar(select(func.max(WaveRow.wave)).filter_by(run_id=run_id)) or 0


async def expect(session: AsyncSession, run_id: RunId, comparisons: int) -> None:
    """Keep the forecast: comparisons in all; people have something new to do."""
    await session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.run_id == run_id)
        .values(expected_comparisons=comparisons, people_heard_at=func.now())
    )


async def retire(session: AsyncSession, run_id: RunId, retired: Mapping[str, str]) -> None:
    """These judges are asked no more; by judge why."""
    await session.execute(
        update(AssessmentRow).where(AssessmentRow.run_id == run_id).values(retired=dict(retired))
    )


async def hear_people(session: AsyncSession, run_id: RunId) -> None:
    """Count anew how long people have been silent."""
    await session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.run_id == run_id)
        .values(people_heard_at=func.now())
    )


async def silent_for(session: AsyncSession, seconds: float) -> Sequence[tuple[RunId, BatchId]]:
    """The open assessments that have waited for people so long."""
    waiting = exists().where(
        ComparisonRow.run_id == AssessmentRow.run_id,
        ComparisonRow.judge == PEOPLE,
        ComparisonRow.winner.is_(None),
    )
    rows = await session.execute(
        select(AssessmentRow.run_id, AssessmentRow.batch_id)
        .where(
            AssessmentRow.closed_at.is_(None),
            AssessmentRow.people_heard_at <= func.now() - timedelta(seconds=seconds),
            ~AssessmentRow.retired.has_key(PEOPLE),
            waiting,
        )
        .order_by(AssessmentRow.people_heard_at)
    )
    return [(RunId(run_id), BatchId(batch_id)) for run_id, batch_id in rows]


_ANSWER = ("winner", "degree", "given_up", *(field.name for field in fields(Details)))


async def keep_verdicts(
    session: AsyncSession, run_id: RunId, judge: str, verdicts: Sequence[Verdict]
) -> None:
    """Fill in the answers to pairs that have none; an answer that is there stays.

    So a verdict counts once, however often it is delivered.
    """
    if not verdicts:
        return
    statement = (
        update(ComparisonRow.__table__)  # type: ignore[arg-type]  # declared as the wider FromClause
        .where(
            ComparisonRow.run_id == run_id,
            ComparisonRow.judge == judge,
            ComparisonRow.first == bindparam("of_first"),
            ComparisonRow.second == bindparam("of_second"),
            ComparisonRow.winner.is_(None),
            ComparisonRow.given_up.is_(None),
        )
        .values(judged_at=func.now(), **{name: bindparam(name) for name in _ANSWER})
    )
    await session.execute(
        statement,
        [
            {
                "of_first": verdict.pair[0],
                "of_second": verdict.pair[1],
                "winner": verdict.outcome and verdict.outcome.winner,
                "degree": verdict.outcome and verdict.outcome.degree,
                "given_up": verdict.given_up,
                **asdict(verdict.details),
            }
            for verdict in sorted(verdicts, key=lambda verdict: verdict.pair)
        ],
    )


async def end_wave(session: AsyncSession, run_id: RunId, wave: Wave) -> bool:
    """Record that a wave is over; False if it was already."""
    return (
        await session.scalar(
            insert(WaveRow)
            .values(
                run_id=run_id,
                wave=wave.number,
                comparisons=wave.comparisons,
                reliability=wave.reliability,
            )
            .on_conflict_do_nothing()
            .returning(WaveRow.wave)
        )
        is not None
    )


async def close_assessment(session: AsyncSession, run_id: RunId, ranking: Ranking) -> None:
    await session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.run_id == run_id)
        .values(
            closed_at=func.now(),
            reliability=ranking.reliability,
            stop_reason=ranking.stop_reason,
            grade_note=ranking.grade_note,
        )
    )
    session.add_all(
        ScoreRow(
            run_id=run_id,
            position=standing.position,
            rank=standing.rank,
            score=standing.score,
            standard_error=standing.standard_error,
            best_rank=standing.plausible_ranks[0],
            worst_rank=standing.plausible_ranks[1],
            comparisons=standing.comparisons,
            grade=standing.grade,
            grade_probabilities=standing.grade_probabilities,
        )
        for standing in ranking.standings
    )


async def fail_assessment(session: AsyncSession, run_id: RunId, reason: str) -> None:
    await session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.run_id == run_id)
        .values(closed_at=func.now(), stop_reason=reason)
    )
