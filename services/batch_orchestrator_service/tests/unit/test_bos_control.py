"""What an owner does to a batch at work: pause, resume, finish, cancel, more comparisons."""

import uuid
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from common_core.domain_enums import BatchStatus, PhaseName, RunControl
from common_core.events.batch_events import BatchPipelineStartedV1, BatchRunControlledV1
from common_core.http_models import (
    BatchControlled,
    MoreComparisons,
    ResolvedPhase,
    ResolvedPipeline,
    ResolvePipeline,
    StartPipeline,
)
from common_core.identifiers import RunId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.domain import first_run_id
from services.batch_orchestrator_service.store import BatchRow
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    outcome,
    ready,
)
from services.batch_orchestrator_service.tests.stand_in import StandInConductor

SPELLCHECK, COMPARISON = PIPELINE
RUN = first_run_id(BATCH)
REQUEST = RunId(UUID(int=77))


async def control(desk: Desk, wanted: str) -> BatchControlled:
    response = await desk.post(f"/v1/batches/{BATCH}/control", {"control": wanted})
    body = await response.get_data()
    assert response.status_code == HTTPStatus.OK, body
    return BatchControlled.model_validate_json(body)


async def refusal(desk: Desk, path: str, body: dict[str, Any]) -> str:
    response = await desk.post(f"/v1/batches/{BATCH}/{path}", body)
    assert response.status_code == HTTPStatus.CONFLICT
    return str((await response.get_json())["code"])


async def more(desk: Desk, comparisons: int = 6, request_id: RunId = REQUEST) -> BatchControlled:
    body = MoreComparisons(request_id=request_id, comparisons_per_essay=comparisons)
    response = await desk.post(f"/v1/batches/{BATCH}/budget", body)
    data = await response.get_data()
    assert response.status_code == HTTPStatus.OK, data
    return BatchControlled.model_validate_json(data)


async def said(harness: ServiceHarness) -> list[BatchRunControlledV1]:
    return [event.data for event in await harness.emitted(BatchRunControlledV1)]


async def at_work(harness: ServiceHarness, desk: Desk, *, comparing: bool = False) -> None:
    await desk.create(create_batch(essay_count=2))
    await harness.deliver(ready(0, 1))
    if comparing:
        await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))


async def deadline(harness: ServiceHarness) -> object:
    async with harness.session() as session:
        return await session.scalar(select(BatchRow.deadline))


async def test_a_paused_batch_has_no_deadline_and_a_resumed_one_has_a_new_one(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    paused = await control(desk, "pause")
    assert (paused.paused, paused.status) == (True, BatchStatus.RUNNING)
    assert paused.message.startswith("Paused")
    assert await deadline(harness) is None
    await desk.let_time_run_out()
    assert await desk.ended() == []

    resumed = await control(desk, "resume")
    assert (resumed.paused, resumed.message) == (False, "Spelling is under way.")
    assert await deadline(harness) is not None
    pause, resume = await said(harness)
    assert (pause.control, pause.deadline_seconds) == (RunControl.PAUSE, None)
    assert (resume.control, resume.run_id) == (RunControl.GO_ON, RUN)
    assert resume.deadline_seconds == 920
    assert pause.sequence < resume.sequence


async def test_what_holds_already_is_said_once(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    await control(desk, "resume")
    for _ in range(2):
        await control(desk, "pause")
    assert [event.control for event in await said(harness)] == [RunControl.PAUSE]


async def test_while_paused_no_phase_begins_and_resuming_begins_it(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    await control(desk, "pause")
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    assert len(await desk.commands()) == 1
    await control(desk, "resume")
    _, comparison = await desk.commands()
    assert comparison.essays == (corrected(0), corrected(1))
    assert (await desk.record()).message == "Comparison is under way."
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    [end] = await desk.ended()
    assert end.status is BatchStatus.COMPLETED


async def test_the_last_outcome_ends_a_paused_batch(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk, comparing=True)
    await control(desk, "pause")
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    [end] = await desk.ended()
    assert end.status is BatchStatus.COMPLETED
    assert await refusal(desk, "control", {"control": "resume"}) == "batch_over"


@pytest.mark.parametrize("before", [None, "pause"])
async def test_a_cancelled_batch_ends_with_what_was_done_and_can_be_run_again(
    harness: ServiceHarness, desk: Desk, before: str | None
) -> None:
    await at_work(harness, desk, comparing=True)
    if before:
        await control(desk, before)
    cancelled = await control(desk, "cancel")
    assert (cancelled.status, cancelled.run_id) == (BatchStatus.CANCELLED, None)
    assert "cancelled" in cancelled.message
    [end] = await desk.ended()
    assert (end.status, end.essays) == (BatchStatus.CANCELLED, ())
    assert {failure.code for failure in end.failed} == {"cancelled"}
    assert [result.phase for result in end.phases] == [SPELLCHECK]
    assert (await said(harness))[-1].control is RunControl.CANCEL
    await control(desk, "cancel")  # again: nothing happens
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    assert len(await desk.ended()) == 1

    again = RunId(uuid.uuid4())
    assert await desk.started(StartPipeline(run_id=again, pipeline=PIPELINE)) == again
    await control(desk, "cancel")
    assert [end.run_id for end in await desk.ended()] == [RUN, again]


async def test_a_batch_that_waits_for_essays_can_be_cancelled_and_not_paused(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=2))
    assert await refusal(desk, "control", {"control": "pause"}) == "not_at_work"
    assert (await control(desk, "cancel")).status is BatchStatus.CANCELLED
    await harness.deliver(ready(0, 1))
    assert await desk.commands() == []


async def test_only_comparing_can_be_finished_early(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    assert await refusal(desk, "control", {"control": "finish"}) == "not_comparing"
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    await control(desk, "finish")
    assert [event.control for event in await said(harness)] == [RunControl.FINISH]
    assert await refusal(desk, "control", {"control": "pause"}) == "batch_finishing"


async def test_people_among_the_judges_are_waited_for(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(essay_count=2, judge="offline+people"))
    await harness.deliver(ready(0, 1))
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    spelling, comparison = await desk.commands()
    assert spelling.deadline_seconds == 920
    assert comparison.deadline_seconds == 365 * 86_400


async def test_a_running_batch_gets_more_comparisons_once_per_request(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    for _ in range(2):
        await more(desk, 6)
    await more(desk, 4, RunId(uuid.uuid4()))
    assert [event.extra_comparisons for event in await said(harness)] == [6, 10]
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    assert (await desk.commands())[-1].profile.extra_comparisons == 10


async def test_more_comparisons_for_a_finished_batch_begin_a_run_that_compares_only(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await at_work(harness, desk, comparing=True)
    await harness.deliver(outcome(RUN, COMPARISON, corrected(0), corrected(1)))

    def spelling_is_done(request: ResolvePipeline) -> ResolvedPipeline:
        texts = (corrected(0), corrected(1))
        return ResolvedPipeline(
            phases=(
                ResolvedPhase(phase=SPELLCHECK, to_do=(), reused=texts, result_run_id=RUN),
                ResolvedPhase(phase=COMPARISON, to_do=texts, reused=()),
            )
        )

    conductor.answer = spelling_is_done
    for _ in range(2):
        answer = await more(desk, 6)
        assert (answer.run_id, answer.status) == (REQUEST, BatchStatus.RUNNING)
    _, started = await harness.emitted(BatchPipelineStartedV1)
    assert started.data.run_id == REQUEST
    *_, comparison = await desk.commands()
    assert (comparison.run_id, comparison.profile.extra_comparisons) == (REQUEST, 6)
    assert comparison.essays == (corrected(0), corrected(1))


async def test_a_batch_that_compares_nothing_has_no_budget(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(pipeline=(PhaseName.SPELLCHECK,)))
    body = {"request_id": str(REQUEST), "comparisons_per_essay": 6}
    assert await refusal(desk, "budget", body) == "not_comparing"


@pytest.mark.parametrize("judge", ["a++b", "+", "gpt-x+gpt-x"])
async def test_judges_that_cannot_be_read_are_refused_with_a_sentence(
    harness: ServiceHarness, desk: Desk, judge: str
) -> None:
    response = await desk.post("/v1/batches", create_batch(judge=judge))
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert judge in (await response.get_json())["detail"]
