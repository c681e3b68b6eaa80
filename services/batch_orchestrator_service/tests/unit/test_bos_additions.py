"""Essays that come late: they join their batch, at work or over, once each."""

import uuid
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest

from common_core.domain_enums import BatchStatus
from common_core.events.batch_events import BatchEssaysAddedV1, BatchPipelineStartedV1
from common_core.http_models import AddEssays, EssaysAdded, LateEssay, ResolvePipeline
from common_core.identifiers import RunId, TextId
from common_core.models import EssayText
from huleedu_service_libs.testing.harness import ServiceHarness
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
REQUEST = RunId(UUID(int=55))
LATE = LateEssay(file_name="late_bertil.txt", text_id=TextId("text of bertil"))
PATH = f"/v1/batches/{BATCH}/additions"


async def add(desk: Desk, *late: LateEssay, request_id: RunId = REQUEST) -> EssaysAdded:
    response = await desk.post(PATH, AddEssays(request_id=request_id, essays=late))
    body = await response.get_data()
    assert response.status_code == HTTPStatus.OK, body
    return EssaysAdded.model_validate_json(body)


async def refusal(desk: Desk, *late: LateEssay) -> str:
    response = await desk.post(PATH, AddEssays(request_id=REQUEST, essays=late))
    assert response.status_code == HTTPStatus.CONFLICT
    return str((await response.get_json())["code"])


async def at_work(harness: ServiceHarness, desk: Desk, **changes: Any) -> None:
    await desk.create(create_batch(essay_count=2, **changes))
    await harness.deliver(ready(0, 1))


async def until_it_ends(harness: ServiceHarness, run_id: RunId, *texts: EssayText) -> None:
    for phase in PIPELINE:
        await harness.deliver(outcome(run_id, phase, *texts))


async def look_at_the_end(harness: ServiceHarness, desk: Desk) -> None:
    """The orchestrator hears, twice, that the latest run has ended."""
    end = (await desk.ended())[-1]
    for _ in range(2):
        await harness.deliver(end)


async def joined(harness: ServiceHarness) -> list[BatchEssaysAddedV1]:
    return [event.data for event in await harness.emitted(BatchEssaysAddedV1)]


async def runs(harness: ServiceHarness) -> list[RunId]:
    return [event.data.run_id for event in await harness.emitted(BatchPipelineStartedV1)]


async def test_an_essay_for_a_batch_that_is_over_begins_a_run_with_it(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor
) -> None:
    await at_work(harness, desk, judge="people")
    await until_it_ends(harness, RUN, corrected(0), corrected(1))
    for _ in range(2):
        answer = await add(desk, LATE)
        [new] = answer.added
        assert (new.file_name, new.text_id) == (LATE.file_name, LATE.text_id)
        assert answer.run_id == REQUEST
    assert await runs(harness) == [RUN, REQUEST]
    [said] = await joined(harness)
    assert said.essays == (new,)
    *_, command = await desk.commands()
    assert command.essays == (essay(0), essay(1), new)
    assert command.profile.judge == "people"
    assert "bertil" in command.profile.names
    first, *_, asked = conductor.asked
    assert asked.earlier_names == (first.profile.names,)
    assert (await desk.record()).status is BatchStatus.RUNNING


async def test_an_essay_that_comes_while_others_are_at_work_has_its_run_afterwards(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    answer = await add(desk, LATE)
    assert (len(answer.added), answer.run_id) == (1, None)
    assert "when the work that is under way is over" in answer.message
    assert len(await desk.commands()) == 1
    await until_it_ends(harness, RUN, corrected(0), corrected(1))
    await look_at_the_end(harness, desk)
    run, later = await runs(harness)
    assert run == RUN
    *_, command = await desk.commands()
    assert (command.run_id, len(command.essays)) == (later, 3)
    await until_it_ends(harness, later, corrected(0), corrected(1), *answer.added)
    await look_at_the_end(harness, desk)
    assert await runs(harness) == [RUN, later]
    assert (await desk.ended())[-1].status is BatchStatus.COMPLETED


async def test_a_run_that_ends_with_all_its_essays_has_none_after_it(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=2))
    await harness.deliver(ready(0, failed=(failure(1),)))
    await until_it_ends(harness, RUN, corrected(0))
    await look_at_the_end(harness, desk)
    assert await runs(harness) == [RUN]


async def test_what_waits_in_a_cancelled_batch_comes_with_the_next_essay(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    await add(desk, LATE)
    await desk.post(f"/v1/batches/{BATCH}/control", {"control": "cancel"})
    await look_at_the_end(harness, desk)
    assert await runs(harness) == [RUN]
    other = LateEssay(file_name="cia.txt", text_id=TextId("text of cia"))
    again = RunId(uuid.uuid4())
    assert (await add(desk, other, request_id=again)).run_id == again
    assert len((await desk.commands())[-1].essays) == 4


async def test_an_essay_that_the_batch_has_is_not_added(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    await until_it_ends(harness, RUN, corrected(0), corrected(1))
    there = LateEssay(file_name=essay(0).file_name, text_id=essay(0).text_id)
    answer = await add(desk, there)
    assert (answer.added, answer.run_id) == ((), None)
    assert "already" in answer.message
    assert await runs(harness) == [RUN]
    again = RunId(uuid.uuid4())
    assert len((await add(desk, LATE, there, LATE, request_id=again)).added) == 1
    more = RunId(uuid.uuid4())
    assert (await add(desk, LATE, request_id=more)).added == ()


async def test_a_batch_that_waits_for_its_own_essays_takes_no_others(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=2))
    assert await refusal(desk, LATE) == "batch_not_ready"
    await desk.let_time_run_out()
    assert await refusal(desk, LATE) == "batch_over"
    assert await joined(harness) == []


async def test_a_batch_has_a_thousand_essays_at_most(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    many = [
        LateEssay(file_name=f"{number}.txt", text_id=TextId(f"text {number}"))
        for number in range(999)
    ]
    assert await refusal(desk, *many) == "too_many_essays"
    assert len((await add(desk, *many[:998])).added) == 998


async def test_a_batch_nothing_of_which_could_be_read_gets_its_first_essay(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(failed=(failure(0),)))
    assert (await desk.record()).status is BatchStatus.FAILED
    assert (await add(desk, LATE)).run_id == REQUEST
    assert len((await desk.commands())[-1].essays) == 1


@pytest.mark.parametrize("judge", ["offline", None])
async def test_a_run_again_takes_those_who_joined_with_it(
    harness: ServiceHarness, desk: Desk, conductor: StandInConductor, judge: str | None
) -> None:
    await at_work(harness, desk)
    await add(desk, LATE)
    await desk.post(f"/v1/batches/{BATCH}/control", {"control": "cancel"})
    again = {"run_id": str(uuid.uuid4()), "pipeline": list(PIPELINE), "judge": judge}
    response = await desk.post(f"/v1/batches/{BATCH}/pipelines", again)
    assert response.status_code == HTTPStatus.ACCEPTED
    asked: ResolvePipeline = conductor.asked[-1]
    assert (len(asked.essays), len(asked.earlier_names)) == (3, 1)
