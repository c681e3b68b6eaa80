"""The comparison phase: a class set comes in, waves of comparisons follow, a ranking goes out."""

from collections.abc import Sequence

from dishka import FromDishka

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.cj_events import (
    AssessmentResultV1,
    CjAssessmentCompletedV1,
    CjAssessmentProgressedV1,
    CjAssessmentRequestedV1,
    CjWaveRequestedV1,
)
from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.judges import PEOPLE
from common_core.models import EssayFailure, EssayScore, EssayText, LookFirst
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router, Work
from huleedu_service_libs.transaction import Transaction
from services.cj_assessment_service import store
from services.cj_assessment_service.assessment import (
    INHERITED,
    Assessment,
    CannotAssess,
    Ranking,
    Step,
    Wave,
)
from services.cj_assessment_service.assessor import Assessor, failure_of
from services.cj_assessment_service.controls import control_of, keep_control
from services.cj_assessment_service.forgetting import forget

router = Router()
router.work(BatchDeletedV1)(forgetting(forget))


@router.work(CjAssessmentRequestedV1)
async def assess(
    event: EventEnvelope[CjAssessmentRequestedV1], work: Work, assessor: FromDishka[Assessor]
) -> None:
    """Read the essays and ask for the first wave; if nothing can be compared, say why."""
    request = event.data
    try:
        assessment, step = await assessor.take_in(request)
    except CannotAssess as refusal:
        failed = [failure_of(essay, refusal) for essay in request.essays]
        async with work.transaction() as tx:
            tx.emit(_completed(request, failed=failed))
        return
    async with work.transaction() as tx:
        if await store.open_assessment(tx.session, assessment):
            if assessment.inherited:
                inherited = Wave(INHERITED, step.comparisons, step.reliability)
                await store.end_wave(tx.session, assessment.run_id, inherited)
            await _go_on(tx, assessment, INHERITED, step)


@router.work(CjWaveRequestedV1)
async def judge_wave(
    event: EventEnvelope[CjWaveRequestedV1], work: Work, assessor: FromDishka[Assessor]
) -> None:
    """Have a wave of pairs judged, then ask for the next one or close with the ranking.

    While people have pairs of the wave, or the owner has paused the run, nothing more happens:
    the last verdict, or the owner, asks for the wave again.
    """
    run_id, number = event.data.run_id, event.data.wave
    try:
        step = await assessor.judge_wave(await assessor.load(run_id), number)
    except CannotAssess as refusal:
        assessment = await assessor.load(run_id)
        failed = [failure_of(essay.as_text, refusal) for essay in assessment.essays]
        async with work.transaction() as tx:
            if await store.lock_assessment(tx.session, run_id) and not assessment.closed:
                await store.fail_assessment(tx.session, run_id, refusal.reason)
                tx.emit(_completed(assessment, failed=[*failed, *assessment.failed]))
        return
    assessment = await assessor.load(run_id)
    async with work.transaction() as tx:
        if not await store.lock_assessment(tx.session, run_id):
            return
        control = await control_of(tx.session, run_id)
        if step is None:
            _say_who_is_waited_for(tx, control.over(assessment), number)
        elif control.control not in {RunControl.PAUSE, RunControl.CANCEL}:
            wave = Wave(number, step.comparisons, step.reliability)
            if await store.end_wave(tx.session, run_id, wave):
                await _go_on(tx, assessment, number, step)


@router.on(BatchRunControlledV1)
async def take_control(event: EventEnvelope[BatchRunControlledV1], tx: Transaction) -> None:
    """The owner pauses, resumes, finishes, cancels or enlarges a run."""
    said = event.data
    new = await keep_control(tx.session, said)
    if not new or not await store.lock_assessment(tx.session, said.run_id):
        return
    await store.hear_people(tx.session, said.run_id)
    if said.control is RunControl.CANCEL:
        await store.fail_assessment(tx.session, said.run_id, "The batch was cancelled.")
    elif said.control is not RunControl.PAUSE:
        wave = await store.last_wave(tx.session, said.run_id) + 1
        tx.emit(CjWaveRequestedV1(batch_id=said.batch_id, run_id=said.run_id, wave=wave))


def _say_who_is_waited_for(tx: Transaction, assessment: Assessment, wave: int) -> None:
    waiting = assessment.waits_for_people(wave)
    if waiting and wave > assessment.last_wave and assessment.control is RunControl.GO_ON:
        tx.emit(
            CjAssessmentProgressedV1(
                batch_id=assessment.batch_id,
                run_id=assessment.run_id,
                comparisons=len(assessment.judged),
                expected_comparisons=assessment.expected_comparisons,
                reliability=assessment.reliability,
                wave=wave,
                waiting_for_people=waiting,
            )
        )


async def _go_on(tx: Transaction, assessment: Assessment, wave: int, step: Step) -> None:
    await store.retire(tx.session, assessment.run_id, step.retired)
    if step.ranking is not None:
        await store.close_assessment(tx.session, assessment.run_id, step.ranking)
        tx.emit(
            _completed(
                assessment,
                succeeded=[essay.as_text for essay in assessment.essays],
                failed=assessment.failed,
            )
        )
        tx.emit(_result(assessment, step.comparisons, step.ranking))
        return
    await store.plan_wave(tx.session, assessment.run_id, wave + 1, step.pairs)
    await store.expect(tx.session, assessment.run_id, step.expected_comparisons)
    tx.emit(
        CjWaveRequestedV1(batch_id=assessment.batch_id, run_id=assessment.run_id, wave=wave + 1)
    )
    tx.emit(
        CjAssessmentProgressedV1(
            batch_id=assessment.batch_id,
            run_id=assessment.run_id,
            comparisons=step.comparisons,
            expected_comparisons=step.expected_comparisons,
            reliability=step.reliability,
            wave=wave + 1,
            waiting_for_people=sum(judge == PEOPLE for judge, _ in step.pairs),
        )
    )


def _completed(
    about: CjAssessmentRequestedV1 | Assessment,
    *,
    succeeded: Sequence[EssayText] = (),
    failed: Sequence[EssayFailure] = (),
) -> CjAssessmentCompletedV1:
    return CjAssessmentCompletedV1(
        batch_id=about.batch_id,
        run_id=about.run_id,
        fingerprint=about.fingerprint,
        succeeded=tuple(succeeded),
        failed=tuple(failed),
    )


def _result(assessment: Assessment, comparisons: int, ranking: Ranking) -> AssessmentResultV1:
    return AssessmentResultV1(
        batch_id=assessment.batch_id,
        run_id=assessment.run_id,
        judge=assessment.judge,
        reliability=ranking.reliability,
        comparisons=comparisons,
        stop_reason=ranking.stop_reason,
        grade_note=ranking.grade_note,
        essays=tuple(
            EssayScore(
                essay_id=assessment.essays[standing.position].essay_id,
                rank=standing.rank,
                score=standing.score,
                standard_error=standing.standard_error,
                plausible_ranks=standing.plausible_ranks,
                comparisons=standing.comparisons,
                grade=standing.grade,
                grade_probabilities=standing.grade_probabilities,
                anchor=standing.position in assessment.anchors,
                near_boundary=standing.near_boundary,
                anchor_above=assessment.essay_id_at(standing.anchor_above),
                anchor_below=assessment.essay_id_at(standing.anchor_below),
            )
            for standing in ranking.standings
        ),
        concordance=ranking.concordance,
        judges=ranking.judges,
        taken_over=len(assessment.inherited),
        look_first=tuple(
            LookFirst(essay_id=assessment.essays[look.position].essay_id, reason=look.reason)
            for look in ranking.look_first
        ),
    )
