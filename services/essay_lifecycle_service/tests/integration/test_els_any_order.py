"""Whatever the order of events and however often each comes: the same state, the same events."""

from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common_core.events.envelope import EventData, EventEnvelope
from common_core.events.essay_events import BatchEssaysReadyV1, ExcessContentReportedV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1, PhaseCompleted
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.messages import envelope_of
from services.essay_lifecycle_service.config import Settings
from services.essay_lifecycle_service.domain.intake import Placement
from services.essay_lifecycle_service.handlers import router
from services.essay_lifecycle_service.store.intake import UploadRow
from services.essay_lifecycle_service.tests.conftest import MIGRATIONS
from services.essay_lifecycle_service.tests.samples import (
    COMPARISON,
    SPELLCHECK,
    answer,
    command,
    essay_ids,
    provisioned,
    registered,
    rejected,
)

ARRIVALS: tuple[EventData, ...] = (
    registered(5),
    provisioned("anna.txt"),
    provisioned("bo.docx"),
    provisioned("bo.docx", "another essay"),
    provisioned("cia.md"),
    rejected("scan.pdf"),
)
SURPLUS: tuple[EventData, ...] = (provisioned("too.txt"), provisioned("many.txt"))

any_order = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def shuffled(events: tuple[EventData, ...]) -> st.SearchStrategy[list[EventEnvelope[EventData]]]:
    """Each event at least once, some again: redelivered as it was, or said anew."""
    once = tuple(envelope_of(event) for event in events)
    again = st.lists(st.sampled_from(once), max_size=4)
    anew = st.lists(st.sampled_from(events).map(envelope_of), max_size=4)
    return st.tuples(again, anew).flatmap(
        lambda more: st.permutations([*once, *more[0], *more[1]]).map(list)
    )


def started(postgres_url: str) -> ServiceHarness:
    return ServiceHarness(Settings(), router, migrations=MIGRATIONS, postgres_url=postgres_url)


async def placements(harness: ServiceHarness) -> set[tuple[Any, ...]]:
    async with harness.session() as session:
        query = sa.select(UploadRow.file_name, UploadRow.file_hash, UploadRow.placement)
        return {tuple(row) for row in await session.execute(query)}


async def said_after(
    harness: ServiceHarness, events: list[EventEnvelope[EventData]]
) -> list[EventData]:
    for event in events:
        await harness.deliver(event)
    return [event.data for event in await harness.emitted()]


@any_order
@given(shuffled(ARRIVALS))
async def test_arrivals_settle_the_same_way_in_any_order(
    postgres_url: str, events: list[EventEnvelope[EventData]]
) -> None:
    async with started(postgres_url) as harness:
        [ready] = await said_after(harness, events)
        assert {placement for *_, placement in await placements(harness)} == {Placement.HELD}
    assert isinstance(ready, BatchEssaysReadyV1)
    assert [essay.text_id for essay in ready.essays] == [
        "text of anna.txt 1",
        "text of bo.docx 1",
        "text of bo.docx another essay",
        "text of cia.md 1",
    ]
    assert [failure.file_name for failure in ready.failed] == ["scan.pdf"]
    settled = [essay.essay_id for essay in ready.essays]
    assert (*settled, ready.failed[0].essay_id) == essay_ids(5)


@any_order
@given(shuffled(ARRIVALS + SURPLUS))
async def test_with_too_many_files_none_is_lost_and_none_is_counted_twice(
    postgres_url: str, events: list[EventEnvelope[EventData]]
) -> None:
    async with started(postgres_url) as harness:
        said = await said_after(harness, events)
    [ready] = [data for data in said if isinstance(data, BatchEssaysReadyV1)]
    reported = [data.file_name for data in said if isinstance(data, ExcessContentReportedV1)]
    settled = [essay.file_name for essay in ready.essays]
    settled += [failure.file_name or "" for failure in ready.failed]
    handed_in = [event.model_dump()["file_name"] for event in (ARRIVALS + SURPLUS)[1:]]
    assert sorted(settled + reported) == sorted(handed_in)
    assert len(settled) == 5


@any_order
@given(st.data())
async def test_answers_close_a_phase_once_and_the_same_way_in_any_order(
    postgres_url: str, data: st.DataObject
) -> None:
    async with started(postgres_url) as harness:
        await harness.deliver(command(SPELLCHECK, 4))
        await harness.deliver(command(COMPARISON, 4))
        answers: list[PhaseCompleted] = []
        for phase in (SPELLCHECK, COMPARISON):
            requests = await harness.emitted(phase.request)
            answers += [answer(phase, request.data, failing=[2]) for request in requests]
        for event in data.draw(shuffled(tuple(answers))):
            await harness.deliver(event)
        closed = [event.data for event in await harness.emitted(ElsBatchPhaseOutcomeV1)]
    assert {outcome.phase for outcome in closed} == {SPELLCHECK.name, COMPARISON.name}
    assert len(closed) == 2
    for outcome in closed:
        names = [essay.file_name for essay in outcome.succeeded]
        assert names == ["essay_0.txt", "essay_1.txt", "essay_3.txt"]
        assert [failure.file_name for failure in outcome.failed] == ["essay_2.txt"]
