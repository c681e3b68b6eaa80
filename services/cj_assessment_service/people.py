"""People as judges: the pairs shown to them, reserved for one at a time, and their verdicts.

Whose turn it is and until when is decided by PostgreSQL's clock.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.domain_enums import RunControl
from common_core.events.cj_events import CjAssessmentProgressedV1, CjWaveRequestedV1
from common_core.http_models import OpenPair, OpenPairs, PersonVerdict, VerdictKept
from common_core.identifiers import BatchId, RunId
from common_core.judges import PEOPLE
from huleedu_service_libs.transaction import Transaction
from services.cj_assessment_service import store
from services.cj_assessment_service.assessment import Assessment
from services.cj_assessment_service.controls import control_of
from services.cj_assessment_service.store import AssessmentRow, ComparisonRow


class UnknownPair(Exception):  # noqa: N818 - an answer, not a fault
    """The batch has no such pair for people."""


class TooLate(Exception):  # noqa: N818 - an answer, not a fault
    """The verdict does not count any more; `code` is stable, the message is for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


async def open_pairs(
    session: AsyncSession,
    batch_id: BatchId,
    person: str,
    *,
    most: int,
    reservation_seconds: float,
) -> OpenPairs:
    """What the person may compare now: what is reserved for them already, then what is free."""
    assessment = await _latest(session, batch_id)
    if assessment is None:
        return _nothing("waiting")
    wave = assessment.last_wave + 1
    if assessment.closed or assessment.control is RunControl.FINISH or not _asks(assessment):
        return _nothing("over")
    done, total = _counts(assessment, wave)
    state = _nothing("paused" if assessment.control is RunControl.PAUSE else "waiting").model_copy(
        update={
            "done": done,
            "total": total,
            "language": assessment.language,
            "assignment_text_id": assessment.assignment_text_id,
            "rubric_text_id": assessment.rubric_text_id,
        }
    )
    if assessment.control is RunControl.PAUSE:
        return state
    rows = await _reserve(session, assessment.run_id, wave, person, most, reservation_seconds)
    texts = [essay.text_id for essay in assessment.essays]
    pairs = tuple(
        OpenPair(pair_id=row.pair_id, first=texts[row.first], second=texts[row.second])
        for row in rows
        if row.pair_id is not None
    )
    return state.model_copy(update={"state": "open", "pairs": pairs}) if pairs else state


async def _reserve(
    session: AsyncSession,
    run_id: RunId,
    wave: int,
    person: str,
    most: int,
    seconds: float,
) -> list[ComparisonRow]:
    mine = (ComparisonRow.reserved_by == person) & (ComparisonRow.reserved_until > func.now())
    free = or_(ComparisonRow.reserved_until.is_(None), ComparisonRow.reserved_until <= func.now())
    rows = await session.scalars(
        select(ComparisonRow)
        .filter_by(run_id=run_id, wave=wave, judge=PEOPLE, winner=None)
        .where(mine | free)
        .order_by(mine.is_(True).desc(), ComparisonRow.place)
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = list(rows)
    for row in found:
        row.reserved_by = person
        row.reserved_until = func.now() + timedelta(seconds=seconds)
    await session.flush()
    return found


@dataclass(frozen=True)
class _Shown:
    """A pair as it was shown to a person."""

    run_id: RunId
    pair_id: UUID
    wave: int
    said: tuple[str | None, str | None, int | None]
    """Who has said what of it."""


async def keep_verdict(
    tx: Transaction, batch_id: BatchId, verdict: PersonVerdict, person: str
) -> VerdictKept:
    """A person's verdict; with the last one of a wave the assessment goes on.

    Raises UnknownPair and TooLate.
    """
    shown = await _find(tx.session, batch_id, verdict.pair_id)
    if shown is None:
        raise UnknownPair
    open_ = await store.lock_assessment(tx.session, shown.run_id)
    shown = await _find(tx.session, batch_id, verdict.pair_id) or shown
    assessment = await _load(tx.session, shown.run_id)
    if shown.said != (None, None, None):
        if shown.said != (person, verdict.winner, verdict.degree):
            raise TooLate("pair_compared", "This pair has been compared already.")
    elif (
        not open_
        or assessment.closed
        or assessment.control is RunControl.FINISH
        or not _asks(assessment)
    ):
        raise TooLate("comparing_over", "The comparing is over: no more verdicts are needed.")
    else:
        await _store(tx.session, shown.pair_id, verdict, person)
        await store.hear_people(tx.session, shown.run_id)
        assessment = await _load(tx.session, shown.run_id)
        _go_on(tx, assessment, shown.wave)
    done, total = _counts(assessment, shown.wave)
    return VerdictKept(pair_id=verdict.pair_id, done=done, total=total)


def _go_on(tx: Transaction, assessment: Assessment, wave: int) -> None:
    waiting = assessment.waits_for_people(wave)
    ids = {"batch_id": assessment.batch_id, "run_id": assessment.run_id, "wave": wave}
    if not waiting and assessment.control is RunControl.GO_ON:
        tx.emit(CjWaveRequestedV1.model_validate(ids))
    tx.emit(
        CjAssessmentProgressedV1.model_validate(
            {
                **ids,
                "comparisons": len(assessment.judged),
                "expected_comparisons": max(
                    assessment.expected_comparisons, len(assessment.judged)
                ),
                "reliability": assessment.reliability,
                "waiting_for_people": waiting,
            }
        )
    )


async def _store(session: AsyncSession, pair_id: UUID, verdict: PersonVerdict, person: str) -> None:
    reason = (verdict.reason or "").strip() or None
    await session.execute(
        update(ComparisonRow)
        .where(ComparisonRow.pair_id == pair_id)
        .values(
            winner=verdict.winner,
            degree=verdict.degree,
            reason=reason,
            person=person,
            judged_at=func.now(),
            reserved_by=None,
            reserved_until=None,
        )
        .execution_options(synchronize_session=False)
    )


async def _find(session: AsyncSession, batch_id: BatchId, pair_id: UUID) -> _Shown | None:
    row = await session.scalar(
        select(ComparisonRow)
        .join(AssessmentRow, AssessmentRow.run_id == ComparisonRow.run_id)
        .where(ComparisonRow.pair_id == pair_id, AssessmentRow.batch_id == batch_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    said = (row.person, row.winner, row.degree)
    return _Shown(RunId(row.run_id), pair_id, row.wave, said)


async def _latest(session: AsyncSession, batch_id: BatchId) -> Assessment | None:
    run_id = await session.scalar(
        select(AssessmentRow.run_id)
        .where(AssessmentRow.batch_id == batch_id)
        .order_by(AssessmentRow.created_at.desc())
        .limit(1)
    )
    return None if run_id is None else await _load(session, RunId(run_id))


async def _load(session: AsyncSession, run_id: RunId) -> Assessment:
    session.expire_all()
    assessment = await store.load_assessment(session, run_id)
    if assessment is None:
        raise LookupError(run_id)
    return (await control_of(session, run_id)).over(assessment)


def _asks(assessment: Assessment) -> bool:
    return PEOPLE in assessment.at_work


def _counts(assessment: Assessment, wave: int) -> tuple[int, int]:
    """Comparisons by people in the wave: made, and in all."""
    total = sum(each.wave == wave and each.judge == PEOPLE for each in assessment.comparisons)
    return total - assessment.waits_for_people(wave), total


def _nothing(state: str) -> OpenPairs:
    return OpenPairs.model_validate(
        {
            "state": state,
            "done": 0,
            "total": 0,
            "language": None,
            "assignment_text_id": None,
            "pairs": (),
        }
    )
