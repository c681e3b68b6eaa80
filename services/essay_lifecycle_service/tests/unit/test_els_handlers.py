"""Uploads and slots, phases and answers: events in, events out."""

import pytest

from common_core.domain_enums import RunControl
from common_core.events.essay_events import BatchEssaysReadyV1, ExcessContentReportedV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1, PhaseRequest
from common_core.phases import PHASES, Phase, Scope
from huleedu_service_libs.testing.harness import ServiceHarness
from services.essay_lifecycle_service.deadlines import close_overdue_batches, close_overdue_phases
from services.essay_lifecycle_service.tests.samples import (
    BATCH,
    COMPARISON,
    RUN,
    SECOND_RUN,
    SPELLCHECK,
    answer,
    command,
    control,
    essay,
    essay_ids,
    provisioned,
    registered,
    rejected,
)

NO_TIME = 1e-6


async def ready(harness: ServiceHarness) -> BatchEssaysReadyV1:
    [event] = await harness.emitted(BatchEssaysReadyV1)
    return event.data


async def surplus(harness: ServiceHarness) -> list[str]:
    return [event.data.file_name for event in await harness.emitted(ExcessContentReportedV1)]


async def asked(harness: ServiceHarness, phase: Phase) -> list[PhaseRequest]:
    return [event.data for event in await harness.emitted(phase.request)]


async def outcomes(harness: ServiceHarness) -> list[ElsBatchPhaseOutcomeV1]:
    return [event.data for event in await harness.emitted(ElsBatchPhaseOutcomeV1)]


# Slots


async def test_a_batch_is_ready_when_its_last_slot_is_taken(harness: ServiceHarness) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(provisioned("b.txt"))
    assert await harness.emitted() == []
    await harness.deliver(provisioned("a.txt"))
    said = await ready(harness)
    assert [(item.essay_id, item.file_name) for item in said.essays] == [
        (essay_ids(2)[0], "a.txt"),
        (essay_ids(2)[1], "b.txt"),
    ]
    assert said.failed == ()


async def test_uploads_may_come_before_the_registration(harness: ServiceHarness) -> None:
    for name in ("b.txt", "a.txt", "c.txt"):
        await harness.deliver(provisioned(name))
    assert await harness.emitted() == []
    await harness.deliver(registered(2))
    assert [item.file_name for item in (await ready(harness)).essays] == ["a.txt", "b.txt"]
    assert await surplus(harness) == ["c.txt"]


async def test_a_batch_registered_again_keeps_its_slots(harness: ServiceHarness) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(provisioned("a.txt"))
    await harness.deliver(registered(3, seconds=NO_TIME))
    await close_overdue_batches(harness.transactions)
    assert await harness.emitted() == []
    await harness.deliver(provisioned("b.txt"))
    assert [item.file_name for item in (await ready(harness)).essays] == ["a.txt", "b.txt"]


async def test_the_same_file_twice_takes_one_slot(harness: ServiceHarness) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(provisioned("a.txt"))
    await harness.deliver(provisioned("a.txt"))
    assert await harness.emitted() == []
    await harness.deliver(provisioned("a.txt", "another essay"))
    assert len((await ready(harness)).essays) == 2


async def test_files_for_which_no_slot_is_free_are_reported_once(harness: ServiceHarness) -> None:
    await harness.deliver(registered(1))
    for name in ("a.txt", "b.txt", "c.pdf", "b.txt"):
        await harness.deliver(rejected(name) if name == "c.pdf" else provisioned(name))
    assert [item.file_name for item in (await ready(harness)).essays] == ["a.txt"]
    reports = await harness.emitted(ExcessContentReportedV1)
    assert [(event.data.file_name, event.data.reason) for event in reports] == [
        ("b.txt", "The batch is for 1 essay, and it was full when this file came."),
        ("c.pdf", "c.pdf has no text in it."),
    ]


async def test_a_refused_file_among_good_ones_is_named_with_its_reason(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(rejected("scan.pdf"))
    await harness.deliver(provisioned("a.txt"))
    said = await ready(harness)
    assert [item.file_name for item in said.essays] == ["a.txt"]
    assert [(item.file_name, item.reason) for item in said.failed] == [
        ("scan.pdf", "scan.pdf has no text in it.")
    ]


async def test_a_good_file_takes_over_the_slot_of_a_refused_one_of_its_name(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(rejected("a.docx", "damaged"))
    await harness.deliver(provisioned("a.docx", "saved again"))
    await harness.deliver(provisioned("b.txt"))
    said = await ready(harness)
    assert [item.file_name for item in said.essays] == ["a.docx", "b.txt"]
    assert said.failed == ()


async def test_slots_still_empty_at_the_deadline_are_settled_as_never_uploaded(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(registered(3, seconds=NO_TIME))
    await harness.deliver(provisioned("a.txt"))
    await close_overdue_batches(harness.transactions)
    await close_overdue_batches(harness.transactions)
    said = await ready(harness)
    assert [item.file_name for item in said.essays] == ["a.txt"]
    assert [item.code for item in said.failed] == ["never_uploaded"] * 2
    await harness.deliver(provisioned("late.txt"))
    assert await surplus(harness) == ["late.txt"]


async def test_a_batch_waits_until_its_deadline(harness: ServiceHarness) -> None:
    await harness.deliver(registered(2))
    await harness.deliver(provisioned("a.txt"))
    await close_overdue_batches(harness.transactions)
    assert await harness.emitted() == []


# Phases


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
async def test_a_command_is_fanned_out_and_the_answers_fanned_in(
    harness: ServiceHarness, phase: Phase
) -> None:
    await harness.deliver(command(phase, 3))
    requests = await asked(harness, phase)
    assert len(requests) == (1 if phase.scope is Scope.BATCH else 3)
    for request in reversed(requests):
        assert await outcomes(harness) == []
        await harness.deliver(answer(phase, request, failing=[1]))
    [closed] = await outcomes(harness)
    assert (closed.batch_id, closed.run_id, closed.phase) == (BATCH, RUN, phase.name)
    assert [(item.file_name, item.text_id) for item in closed.succeeded] == [
        (essay(number).file_name, f"{essay(number).text_id}, {phase.name}") for number in (0, 2)
    ]
    assert [(item.file_name, item.reason) for item in closed.failed] == [
        ("essay_1.txt", "The text is broken.")
    ]


async def test_a_command_said_twice_asks_once(harness: ServiceHarness) -> None:
    await harness.deliver(command(SPELLCHECK, 2))
    await harness.deliver(command(SPELLCHECK, 2))
    assert len(await asked(harness, SPELLCHECK)) == 2


async def test_answers_that_nobody_asked_for_change_nothing(harness: ServiceHarness) -> None:
    await harness.deliver(command(SPELLCHECK, 1))
    [request] = await asked(harness, SPELLCHECK)
    stray = answer(SPELLCHECK, request).model_copy(update={"fingerprint": "another"})
    await harness.deliver(stray)
    await harness.deliver(answer(SPELLCHECK, request.model_copy(update={"run_id": SECOND_RUN})))
    assert await outcomes(harness) == []
    await harness.deliver(answer(SPELLCHECK, request))
    await harness.deliver(answer(SPELLCHECK, request, failing=[0]))
    [closed] = await outcomes(harness)
    assert len(closed.succeeded) == 1


async def test_two_runs_of_a_batch_do_not_mix(harness: ServiceHarness) -> None:
    for run_id in (RUN, SECOND_RUN):
        await harness.deliver(command(SPELLCHECK, 1, run_id=run_id))
    first, second = await asked(harness, SPELLCHECK)
    await harness.deliver(answer(SPELLCHECK, second, failing=[0]))
    await harness.deliver(answer(SPELLCHECK, first))
    assert [(closed.run_id, len(closed.succeeded)) for closed in await outcomes(harness)] == [
        (SECOND_RUN, 0),
        (RUN, 1),
    ]


async def test_essays_without_an_answer_fail_when_the_phase_runs_out_of_time(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(command(SPELLCHECK, 2, seconds=NO_TIME))
    first, second = await asked(harness, SPELLCHECK)
    await harness.deliver(answer(SPELLCHECK, first))
    await close_overdue_phases(harness.transactions)
    await close_overdue_phases(harness.transactions)
    await harness.deliver(answer(SPELLCHECK, second))
    [closed] = await outcomes(harness)
    assert [item.file_name for item in closed.succeeded] == ["essay_0.txt"]
    assert [(item.code, item.reason) for item in closed.failed] == [
        ("spellcheck_timed_out", "Spelling gave no answer for this essay in time.")
    ]


async def test_a_phase_has_until_its_deadline(harness: ServiceHarness) -> None:
    await harness.deliver(command(COMPARISON, 2))
    await close_overdue_phases(harness.transactions)
    assert await outcomes(harness) == []


async def test_a_paused_phase_has_no_deadline_and_a_resumed_one_has_a_new_one(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(command(COMPARISON, 2, seconds=NO_TIME))
    await harness.deliver(control(RunControl.PAUSE, 1))
    await close_overdue_phases(harness.transactions)
    assert await outcomes(harness) == []
    await harness.deliver(control(RunControl.GO_ON, 2, seconds=900))
    await close_overdue_phases(harness.transactions)
    assert await outcomes(harness) == []
    await harness.deliver(control(RunControl.GO_ON, 3, seconds=NO_TIME))
    await close_overdue_phases(harness.transactions)
    assert len(await outcomes(harness)) == 1


async def test_an_older_wish_does_not_undo_a_later_one(harness: ServiceHarness) -> None:
    await harness.deliver(control(RunControl.PAUSE, 2))
    await harness.deliver(control(RunControl.GO_ON, 1, seconds=NO_TIME))
    await harness.deliver(command(COMPARISON, 2, seconds=NO_TIME))
    await close_overdue_phases(harness.transactions)
    assert await outcomes(harness) == []


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_of_a_cancelled_run_nothing_is_said(
    harness: ServiceHarness, *, cancelled_first: bool
) -> None:
    events = [command(SPELLCHECK, 1, seconds=NO_TIME), control(RunControl.CANCEL)]
    for event in reversed(events) if cancelled_first else events:
        await harness.deliver(event)
    for request in await asked(harness, SPELLCHECK):
        await harness.deliver(answer(SPELLCHECK, request))
    await close_overdue_phases(harness.transactions)
    assert await outcomes(harness) == []
    assert len(await asked(harness, SPELLCHECK)) == (0 if cancelled_first else 1)
