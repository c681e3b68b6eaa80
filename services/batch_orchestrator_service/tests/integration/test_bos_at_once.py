"""Requests and events for one batch at the same time."""

import asyncio
import uuid
from http import HTTPStatus

import sqlalchemy as sa

from common_core.events.batch_events import BatchEssaysRegisteredV1, BatchPipelineStartedV1
from common_core.http_models import StartPipeline
from common_core.identifiers import RunId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.deadlines import give_up_overdue_batches
from services.batch_orchestrator_service.domain import first_run_id, new_run
from services.batch_orchestrator_service.store import lock_batch, save_run
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    essay,
    outcome,
    ready,
)

SPELLCHECK, COMPARISON = PIPELINE
RUN = first_run_id(BATCH)


async def test_a_batch_sent_several_times_at_once_is_registered_once(
    harness: ServiceHarness, desk: Desk
) -> None:
    records = await asyncio.gather(*(desk.create(create_batch()) for _ in range(4)))
    assert len(set(records)) == 1
    assert len(await harness.emitted(BatchEssaysRegisteredV1)) == 1


async def test_a_pipeline_asked_for_several_times_at_once_runs_once(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    for phase in PIPELINE:
        await harness.deliver(outcome(RUN, phase, corrected(0)))
    await harness.forget_emitted()
    once = StartPipeline(run_id=uuid.UUID(int=12), pipeline=PIPELINE)
    others = [once.model_copy(update={"run_id": uuid.uuid4()}) for _ in range(2)]
    runs = await asyncio.gather(*(desk.started(ask) for ask in (once, once, *others)))
    assert len(set(runs)) == 1
    assert len(await harness.emitted(BatchPipelineStartedV1)) == 1
    assert len(await desk.commands()) == 1


async def test_a_pipeline_asked_for_while_the_same_one_starts_waits_and_joins_it(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    for phase in PIPELINE:
        await harness.deliver(outcome(RUN, phase, corrected(0)))
    ask = StartPipeline(run_id=uuid.uuid4(), pipeline=PIPELINE)
    other = RunId(uuid.uuid4())
    async with harness.session() as session:
        await lock_batch(session, BATCH)
        joining = asyncio.create_task(desk.started(ask))
        await somebody_waits_for_a_lock(harness)
        await save_run(
            session, new_run(create_batch(essay_count=1), other, [essay(0)], []), under_way=True
        )
    assert await joining == other


async def somebody_waits_for_a_lock(harness: ServiceHarness) -> None:
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(10), harness.session() as session:
        while not await session.scalar(waiting):
            await session.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
            await asyncio.sleep(0.01)


async def test_pipelines_that_differ_asked_for_at_once_run_one_and_refuse_the_other(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    for phase in PIPELINE:
        await harness.deliver(outcome(RUN, phase, corrected(0)))
    answers = await asyncio.gather(
        *(
            desk.start(StartPipeline(run_id=uuid.uuid4(), pipeline=PIPELINE, judge=judge))
            for judge in ("lenient", "stricter")
        )
    )
    assert {answer.status_code for answer in answers} == {
        HTTPStatus.ACCEPTED,
        HTTPStatus.CONFLICT,
    }


async def test_an_outcome_and_its_deadline_at_once_end_the_run_once(
    harness: ServiceHarness, desk: Desk
) -> None:
    await desk.create(create_batch(essay_count=1))
    await harness.deliver(ready(0))
    await harness.deliver(outcome(RUN, SPELLCHECK, corrected(0)))
    await desk.pass_deadline()
    await asyncio.gather(
        harness.deliver(outcome(RUN, COMPARISON, corrected(0))),
        give_up_overdue_batches(harness.transactions),
        give_up_overdue_batches(harness.transactions),
    )
    assert len(await desk.ended()) == 1
