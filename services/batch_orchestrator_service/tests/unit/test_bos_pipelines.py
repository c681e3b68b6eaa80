"""A pipeline from the essays to the end: events in, events out."""

import uuid
from http import HTTPStatus
from uuid import UUID

import pytest

from common_core.domain_enums import BatchStatus
from common_core.events.batch_events import (
    BatchPipelineStartedV1,
    PhasePlan,
    PhaseResult,
)
from common_core.http_models import (
    ResolvedPhase,
    ResolvedPipeline,
    ResolvePipeline,
    StartPipeline,
)
from common_core.identifiers import RunId
from common_core.models import Anchor, AnchorFile
from huleedu_service_libs.errors import PermanentError, TemporaryError
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.deadlines import give_up_overdue_batches
from services.batch_orchestrator_service.domain import first_run_id
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    essay,
    failure,
    outcome,
    ready,
)
from services.batch_orchestrator_service.tests.stand_in import StandInConductor

SPELLCHECK, COMPARISON = PIPELINE
RUN = first_run_id(BATCH)
SECOND_RUN = RunId(UUID(int=12))
AGAIN = StartPipeline(run_id=SECOND_RUN, pipeline=PIPELINE)


async def finish_first_run(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(essay_count=2))
    await harness.deliver(ready(0, 1))
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))


async def test_a_pipeline_runs_phase_by_phase_and_ends(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(essay_count=2))
    await harness.deliver(ready(0, 1))
    [started] = await harness.emitted(BatchPipelineStartedV1)
    assert started.data.run_id == RUN
    assert started.data.phases == tuple(
        PhasePlan(phase=name, to_do=2, reused=0) for name in PIPELINE
    )
    record = await desk.record()
    assert (record.status, record.message) == (BatchStatus.RUNNING, "Spelling is under way.")

    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    spelling, comparison = await desk.commands()
    assert spelling.essays == (essay(0), essay(1))
    assert comparison.essays == (corrected(0), corrected(1))
    assert await desk.ended() == []

    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    [end] = await desk.ended()
    assert (end.run_id, end.status, end.essays, end.failed) == (
        RUN,
        BatchStatus.COMPLETED,
        (corrected(0), corrected(1)),
        (),
    )
    assert end.phases == tuple(PhaseResult(phase=name, result_run_id=RUN) for name in PIPELINE)
    record = await desk.record()
    assert (record.status, record.message) == (end.status, end.message)


async def test_failures_of_every_kind_are_named_at_the_end(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=4))
    await harness.deliver(ready(0, 1, 2, failed=(failure(3, "no_text"),)))
    await harness.deliver(
        outcome(RUN, SPELLCHECK, corrected(0), corrected(2), failed=(failure(1),))
    )
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), failed=(failure(2, "odd"),)))
    [end] = await desk.ended()
    assert end.status is BatchStatus.COMPLETED_WITH_FAILURES
    assert end.essays == (corrected(0),)
    assert [lost.code for lost in end.failed] == ["no_text", "broken", "odd"]
    assert end.message == "1 of 4 essays went through spelling and comparison."


async def test_a_batch_without_a_readable_essay_ends_at_once(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(failed=(failure(0),)))
    [end] = await desk.ended()
    assert (end.status, end.essays, end.failed) == (BatchStatus.FAILED, (), (failure(0),))
    assert end.message == "There is no result: the batch has no essay that could be read."
    assert await desk.commands() == []
    assert conductor.asked == []
    response = await desk.start(AGAIN)
    assert (await response.get_json())["code"] == "no_essays"


async def test_a_run_ends_when_no_essay_gets_through_a_phase(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    await harness.deliver(outcome(RUN, SPELLCHECK, failed=(failure(0),)))
    [end] = await desk.ended()
    assert (end.status, end.failed) == (BatchStatus.FAILED, (failure(0),))
    assert len(await desk.commands()) == 1


async def test_grades_of_anchor_files_go_with_the_command(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(
        create_batch(essay_count=2, anchors=[AnchorFile(file="essay_1.txt", grade="B")])
    )
    await harness.deliver(ready(0, 1))
    [spelling] = await desk.commands()
    assert spelling.profile.anchors == (Anchor(essay_id=essay(1).essay_id, grade="B"),)
    assert spelling.profile.grade_scale == ("A", "B", "C", "D", "E", "F")


async def test_outcomes_of_another_run_or_phase_are_ignored(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    await harness.deliver(outcome(SECOND_RUN, SPELLCHECK, corrected(0)))
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0)))
    assert len(await desk.commands()) == 1
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0)))
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0)))
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0)))
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0)))
    assert len(await desk.commands()) == 2
    assert len(await desk.ended()) == 1


async def test_readiness_said_twice_starts_one_run(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    await harness.deliver(ready(0))
    assert len(await desk.commands()) == 1


async def test_readiness_of_a_batch_nobody_created_is_an_error(harness: ServiceHarness) -> None:
    with pytest.raises(PermanentError, match="never created here"):
        await harness.deliver(ready(0))


async def test_the_event_waits_while_the_conductor_does_not_answer(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await desk.create(create_batch(essay_count=1))

    def down(_request: ResolvePipeline) -> ResolvedPipeline:
        raise TemporaryError("the conductor is down")

    usual, conductor.answer = conductor.answer, down
    message = harness.message(ready(0))
    assert (await harness.attempt(message)).outcome is Outcome.RETRY
    assert (await desk.record()).status is BatchStatus.AWAITING_ESSAYS
    conductor.answer = usual
    assert (await harness.attempt(message)).outcome is Outcome.DONE
    assert len(await desk.commands()) == 1


# Reuse


def all_done(request: ResolvePipeline) -> ResolvedPipeline:
    """Everything is on file from the first run."""
    texts = tuple(
        given.model_copy(update={"text_id": corrected(number).text_id})
        for number, given in enumerate(request.essays)
    )
    return ResolvedPipeline(
        phases=tuple(
            ResolvedPhase(phase=name, to_do=(), reused=texts, result_run_id=RUN)
            for name in request.pipeline
        )
    )


def spelling_done(request: ResolvePipeline) -> ResolvedPipeline:
    spelling, *_ = all_done(request).phases
    comparison = ResolvedPhase(phase=COMPARISON, to_do=spelling.reused, reused=())
    return ResolvedPipeline(phases=(spelling, comparison))


async def test_a_second_run_with_everything_done_ends_at_once_with_the_earlier_results(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await finish_first_run(harness, desk)
    conductor.answer = all_done
    await harness.forget_emitted()
    assert await desk.started(AGAIN) == SECOND_RUN
    assert conductor.asked[-1].essays == (essay(0), essay(1))
    [started] = await harness.emitted(BatchPipelineStartedV1)
    assert started.data.phases == tuple(
        PhasePlan(phase=name, to_do=0, reused=2) for name in PIPELINE
    )
    [end] = await desk.ended()
    assert (end.run_id, end.status) == (SECOND_RUN, BatchStatus.COMPLETED)
    assert end.phases == tuple(PhaseResult(phase=name, result_run_id=RUN) for name in PIPELINE)
    assert end.essays == (corrected(0), corrected(1))
    assert await desk.commands() == []


async def test_a_second_run_with_another_judge_compares_the_corrected_texts_anew(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await finish_first_run(harness, desk)
    conductor.answer = spelling_done
    await harness.forget_emitted()
    await desk.started(AGAIN.model_copy(update={"judge": "stricter"}))
    [comparison] = await desk.commands()
    assert comparison.essays == (corrected(0), corrected(1))
    assert comparison.profile.judge == "stricter"
    await harness.deliver(outcome(SECOND_RUN, COMPARISON, corrected(0), corrected(1)))
    [end] = await desk.ended()
    assert [result.result_run_id for result in end.phases] == [RUN, SECOND_RUN]


async def test_a_phase_done_in_part_is_commanded_for_the_rest_and_joined(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await finish_first_run(harness, desk)
    await harness.forget_emitted()

    def half_done(request: ResolvePipeline) -> ResolvedPipeline:
        return ResolvedPipeline(
            phases=(
                ResolvedPhase(phase=SPELLCHECK, to_do=(essay(0),), reused=(corrected(1),)),
                ResolvedPhase(phase=COMPARISON, to_do=request.essays, reused=()),
            )
        )

    usual, conductor.answer = conductor.answer, half_done
    await desk.started(AGAIN)
    conductor.answer = usual
    await harness.deliver(outcome(SECOND_RUN, SPELLCHECK, corrected(0)))
    spelling, comparison = await desk.commands()
    assert spelling.essays == (essay(0),)
    assert comparison.essays == (corrected(0), corrected(1))


# Asking for a pipeline


async def test_a_pipeline_asked_for_while_it_runs_is_the_run_under_way(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    assert await desk.started(AGAIN) == RUN
    other = AGAIN.model_copy(update={"run_id": uuid.uuid4(), "judge": "stricter"})
    response = await desk.start(other)
    assert response.status_code == HTTPStatus.CONFLICT
    assert (await response.get_json())["code"] == "run_under_way"
    assert len(await desk.commands()) == 1


async def test_a_request_repeated_gets_the_first_answer_even_after_the_run(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    first = await desk.started(AGAIN)
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0)))
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0)))
    assert await desk.started(AGAIN) == first
    assert len(await desk.ended()) == 1
    response = await desk.start(AGAIN.model_copy(update={"judge": "stricter"}))
    assert (await response.get_json())["code"] == "run_id_taken"
    response = await desk.start(AGAIN.model_copy(update={"run_id": RUN}))
    assert (await response.get_json())["code"] == "run_id_taken"


async def test_a_pipeline_cannot_start_before_the_essays_are_there(desk: Desk) -> None:
    await desk.create(create_batch())
    response = await desk.start(AGAIN)
    assert response.status_code == HTTPStatus.CONFLICT
    assert (await response.get_json())["code"] == "batch_not_ready"
    assert (await desk.post(f"/v1/batches/{uuid.uuid4()}/pipelines", AGAIN)).status_code == (
        HTTPStatus.NOT_FOUND
    )


# Deadlines


async def test_a_batch_whose_essays_are_never_reported_ends_and_says_so(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await desk.let_time_run_out()
    [end] = await desk.ended()
    assert (end.run_id, end.status) == (RUN, BatchStatus.FAILED)
    assert end.message.startswith("The batch was ended because its essays were not reported")
    assert (await desk.record()).status is BatchStatus.FAILED


async def test_essays_that_come_after_all_are_kept_for_another_run(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await desk.let_time_run_out()
    await harness.deliver(ready(0))
    assert await desk.commands() == []
    assert await desk.started(AGAIN) == SECOND_RUN
    [spelling] = await desk.commands()
    assert spelling.essays == (essay(0),)


async def test_a_phase_without_an_outcome_ends_the_run_and_names_what_is_missing(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=2))
    await harness.deliver(ready(0, 1))
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    await desk.let_time_run_out()
    [end] = await desk.ended()
    assert end.status is BatchStatus.FAILED
    assert end.message.startswith("Comparison was not reported finished in time.")
    assert [lost.file_name for lost in end.failed] == ["essay_0.txt", "essay_1.txt"]
    assert [result.phase for result in end.phases] == [SPELLCHECK]
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    assert len(await desk.ended()) == 1


async def test_a_run_that_has_ended_awaits_nothing(harness: ServiceHarness, desk: Desk) -> None:
    await finish_first_run(harness, desk)
    await desk.let_time_run_out()
    assert len(await desk.ended()) == 1


async def test_nothing_is_given_up_before_its_deadline(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(essay_count=1))
    await give_up_overdue_batches(harness.transactions)
    await harness.deliver(ready(0))
    await give_up_overdue_batches(harness.transactions)
    assert await desk.ended() == []
