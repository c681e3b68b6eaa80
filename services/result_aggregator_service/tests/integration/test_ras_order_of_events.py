"""The same through the database: whatever the order, one read model and one announcement a run."""

import asyncio
import random
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from common_core.events.envelope import EventData
from common_core.events.result_events import BatchResultsReadyV1
from common_core.http_models import BatchProgress
from common_core.identifiers import BatchId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.result_aggregator_service.domain.heard import gather
from services.result_aggregator_service.domain.progress import progress
from services.result_aggregator_service.store import Base, progress_after, shown_progress
from services.result_aggregator_service.tests.conftest import new_harness
from services.result_aggregator_service.tests.scenario import Scenario, envelopes, facts

BATCH = BatchId(UUID("00000000-0000-4000-8000-000000000002"))
EVENTS = Scenario(BATCH).both_runs()


async def shown(harness: ServiceHarness) -> BatchProgress:
    async with harness.session() as session:
        found = await shown_progress(session, BATCH)
    assert found is not None
    return found.progress


def in_the_end(now: BatchProgress) -> BatchProgress:
    batch = gather(facts(EVENTS))
    assert batch is not None
    return progress(batch, now.updated_at)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
async def test_final_state_and_announcements_do_not_depend_on_order_or_repeats(
    postgres_url: str, seed: int
) -> None:
    turn = random.Random(seed)
    deliveries = envelopes(EVENTS)
    deliveries += turn.choices(deliveries, k=5)
    turn.shuffle(deliveries)
    async with new_harness(postgres_url) as harness:
        for event in deliveries:
            await harness.deliver(event)

        now = await shown(harness)
        announced = await harness.emitted(BatchResultsReadyV1)

    assert now == in_the_end(now)
    assert {event.data.run_id for event in announced} == {
        Scenario(BATCH).run_id,
        Scenario(BATCH).second_run_id,
    }
    assert len(announced) == 2
    assert [(event.data.assessed, event.data.failed) for event in announced] == [(2, 2)] * 2


async def test_everything_at_once_from_two_workers_ends_the_same(harness: ServiceHarness) -> None:
    second = await harness.worker("second")
    messages = [harness.message(event) for event in envelopes(EVENTS)]

    await asyncio.gather(
        *(
            harness.attempt(message, worker=worker)
            for message in messages
            for worker in (harness.first, second)
        )
    )
    for message in messages:
        await harness.attempt(message)

    now = await shown(harness)
    assert now == in_the_end(now)
    assert len(await harness.emitted(BatchResultsReadyV1)) == 2


async def test_progress_log_has_no_gaps_and_no_repeats(harness: ServiceHarness) -> None:
    for event in envelopes(EVENTS):
        await harness.deliver(event)

    async with harness.session() as session:
        log = await progress_after(session, BATCH, 0, 100)

    assert [entry.sequence for entry in log] == list(range(1, len(log) + 1))
    looks = [entry.progress.model_dump(exclude={"updated_at"}) for entry in log]
    assert all(before != after for before, after in pairwise(looks))
    assert log[-1].progress == await shown(harness)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
async def test_event_said_again_under_another_id_changes_nothing(
    harness: ServiceHarness, event: EventData
) -> None:
    for earlier in envelopes(EVENTS):
        await harness.deliver(earlier)
    before = await harness.snapshot()

    await harness.deliver(event)

    assert {k: v for k, v in (await harness.snapshot()).items() if k != "inbox"} == before


async def test_migrations_make_the_tables_that_the_code_uses(harness: ServiceHarness) -> None:
    async with harness.session() as session:
        columns = await session.execute(
            text(
                "SELECT table_name, column_name, is_nullable = 'YES'"
                " FROM information_schema.columns"
                " WHERE table_name = ANY(:names)"
            ),
            {"names": list(Base.metadata.tables)},
        )
        found = {(table, column, nullable) for table, column, nullable in columns}

    assert found == {
        (name, column.name, bool(column.nullable))
        for name, table in Base.metadata.tables.items()
        for column in table.columns
    }
