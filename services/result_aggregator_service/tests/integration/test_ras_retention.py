"""What the read model forgets, by PostgreSQL's clock, and what it never does."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, select, update

from common_core.identifiers import BatchId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.result_aggregator_service.store import (
    ProgressRow,
    forget_steps,
    progress_after,
    shown_progress,
)
from services.result_aggregator_service.tests.scenario import Scenario, envelopes

WEEK = timedelta(days=7)


async def deliver(harness: ServiceHarness, scenario: Scenario) -> BatchId:
    for event in envelopes(scenario.first_run()):
        await harness.deliver(event)
    return BatchId(scenario.batch_id)


async def age(harness: ServiceHarness, batch_id: BatchId, below: int, by: timedelta) -> None:
    async with harness.session() as session:
        await session.execute(
            update(ProgressRow)
            .where(ProgressRow.batch_id == batch_id, ProgressRow.sequence < below)
            .values(shown_at=func.now() - by)
        )


async def sequences(harness: ServiceHarness, batch_id: BatchId) -> list[int]:
    async with harness.session() as session:
        return [step.sequence for step in await progress_after(session, batch_id, 0, 1_000)]


async def test_old_steps_are_forgotten_in_portions_and_young_ones_stay(
    harness: ServiceHarness,
) -> None:
    batch_id = await deliver(harness, Scenario(uuid4()))
    before = await sequences(harness, batch_id)
    await age(harness, batch_id, before[4], WEEK + timedelta(seconds=1))

    async with harness.session() as session:
        portions = [await forget_steps(session, WEEK, limit=3) for _ in range(3)]

    assert portions == [3, 1, 0]
    assert await sequences(harness, batch_id) == before[4:]


async def test_the_last_step_of_a_batch_is_kept_however_old(harness: ServiceHarness) -> None:
    batch_id = await deliver(harness, Scenario(uuid4()))
    await age(harness, batch_id, 10_000, timedelta(days=3_650))

    async with harness.session() as session:
        await forget_steps(session, WEEK, limit=1_000)
        left = await session.scalar(select(func.count()).select_from(ProgressRow))
        shown = await shown_progress(session, batch_id)

    assert left == 1
    assert shown is not None
    assert await sequences(harness, batch_id) == [shown.sequence]
