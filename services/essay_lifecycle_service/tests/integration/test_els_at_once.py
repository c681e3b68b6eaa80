"""Events of one batch arrive on several topics, so they are handled at the same time."""

import asyncio

from common_core.events.envelope import EventData
from common_core.events.essay_events import BatchEssaysReadyV1, ExcessContentReportedV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from services.essay_lifecycle_service.deadlines import close_overdue_batches, close_overdue_phases
from services.essay_lifecycle_service.tests.samples import (
    SPELLCHECK,
    answer,
    command,
    provisioned,
    registered,
    rejected,
)

NO_TIME = 1e-6


async def all_at_once(harness: ServiceHarness, *events: EventData) -> None:
    handled = await asyncio.gather(*(harness.deliver(event) for event in events))
    assert {item.outcome for item in handled} == {Outcome.DONE}


async def test_uploads_and_registration_at_once_make_the_batch_ready_once(
    harness: ServiceHarness,
) -> None:
    names = [f"essay_{number}.txt" for number in range(7)]
    await all_at_once(
        harness,
        *(provisioned(name) for name in names),
        registered(6),
        provisioned(names[0]),
        rejected("scan.pdf"),
        registered(6),
    )
    [ready] = await harness.emitted(BatchEssaysReadyV1)
    settled = {essay.file_name for essay in ready.data.essays}
    settled |= {failure.file_name for failure in ready.data.failed if failure.file_name}
    reported = {event.data.file_name for event in await harness.emitted(ExcessContentReportedV1)}
    assert len(settled) == 6
    assert settled | reported == {*names, "scan.pdf"}
    assert settled.isdisjoint(reported)


async def test_the_last_upload_and_the_deadline_at_once_make_the_batch_ready_once(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(registered(1, seconds=NO_TIME))
    await asyncio.gather(
        harness.deliver(provisioned("a.txt")),
        close_overdue_batches(harness.transactions),
        close_overdue_batches(harness.transactions),
    )
    [ready] = await harness.emitted(BatchEssaysReadyV1)
    surplus = await harness.emitted(ExcessContentReportedV1)
    assert len(ready.data.essays) + len(surplus) == 1


async def test_answers_and_the_deadline_at_once_close_the_phase_once(
    harness: ServiceHarness,
) -> None:
    await harness.deliver(command(SPELLCHECK, 6, seconds=NO_TIME))
    requests = await harness.emitted(SPELLCHECK.request)
    await asyncio.gather(
        all_at_once(harness, *(answer(SPELLCHECK, request.data) for request in requests)),
        close_overdue_phases(harness.transactions),
        close_overdue_phases(harness.transactions),
    )
    await close_overdue_phases(harness.transactions)
    [outcome] = await harness.emitted(ElsBatchPhaseOutcomeV1)
    assert len(outcome.data.succeeded) + len(outcome.data.failed) == 6
