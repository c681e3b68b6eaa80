"""A batch is deleted because its owner says so, or because it is old; and what is kept of it."""

from http import HTTPStatus

import pytest
import sqlalchemy as sa

from common_core.events.deletion_events import (
    BatchDataDeletedV1,
    BatchDeletedV1,
    BatchDeletionCompletedV1,
)
from common_core.identifiers import BatchId
from common_core.topics import KEEPERS
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.deletion import delete_old_batches
from services.batch_orchestrator_service.domain import first_run_id
from services.batch_orchestrator_service.store import Base, forget
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    outcome,
    ready,
)

MARKER = "Xanthippe"


async def at_work(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(name=f"Class of {MARKER}", essay_count=2))
    await harness.deliver(ready(0, 1))


async def finished(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    for phase in PIPELINE:
        await harness.deliver(outcome(first_run_id(BATCH), phase, corrected(0), corrected(1)))


async def rows(harness: ServiceHarness) -> str:
    return str(await harness.snapshot())


async def confirm(harness: ServiceHarness, *services: str) -> None:
    for service in services:
        await harness.deliver(BatchDataDeletedV1(batch_id=BATCH, service=service, rows={}))


async def test_of_a_batch_at_work_an_id_and_times_are_left(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    assert MARKER in await rows(harness)

    deletion = await desk.delete()

    assert (deletion.completed_at, set(deletion.waiting_for)) == (None, set(KEEPERS))
    assert MARKER not in await rows(harness)
    [said] = await harness.emitted()
    assert said.data == BatchDeletedV1(batch_id=BATCH)
    assert (await desk.get(f"/v1/batches/{BATCH}")).status_code == HTTPStatus.NOT_FOUND
    assert (await desk.get("/v1/batches?owner_id=school")).status_code == HTTPStatus.OK


async def test_no_table_is_left_out(harness: ServiceHarness) -> None:
    async with harness.session() as session:
        rows = await forget(session, BATCH)
    assert rows.keys() == Base.metadata.tables.keys() - {"deletions"}


async def test_the_deletion_is_completed_with_the_last_confirmation(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    await desk.delete()
    await confirm(harness, *KEEPERS[1:], KEEPERS[1])
    deletion = await desk.deletion()
    assert deletion is not None
    assert (deletion.completed_at, deletion.waiting_for) == (None, (KEEPERS[0],))
    assert await harness.emitted(BatchDeletionCompletedV1) == []

    await confirm(harness, KEEPERS[0], KEEPERS[0])
    deletion = await desk.deletion()
    assert deletion is not None
    assert deletion.completed_at is not None
    [completed] = await harness.emitted(BatchDeletionCompletedV1)
    assert completed.data.batch_id == BATCH


async def test_deleting_twice_says_it_once(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    assert await desk.delete() == await desk.delete()
    assert len(await harness.emitted(BatchDeletedV1)) == 1


async def test_what_was_never_there_is_not_found_and_may_come_later(desk: Desk) -> None:
    assert await desk.deletion() is None
    await desk.create(create_batch())


async def test_its_id_is_never_used_again(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    await desk.delete()
    response = await desk.post("/v1/batches", create_batch())
    assert response.status_code == HTTPStatus.GONE
    assert (await response.get_json(force=True))["code"] == "batch_deleted"


async def test_a_late_outcome_leaves_nothing(harness: ServiceHarness, desk: Desk) -> None:
    await at_work(harness, desk)
    await desk.delete()
    before = await harness.snapshot()
    for late in (ready(0, 1), outcome(first_run_id(BATCH), PIPELINE[0], corrected(0))):
        assert (await harness.attempt(harness.message(late))).outcome is Outcome.DUPLICATE
    assert await harness.snapshot() == before


async def pass_days(harness: ServiceHarness, days: float) -> None:
    async with harness.session() as session:
        await session.execute(
            sa.text("UPDATE batches SET ended_at = ended_at - make_interval(hours => :hours)"),
            {"hours": round(24 * days)},
        )


@pytest.mark.parametrize(
    ("kept", "age", "deleted"), [(30, 31, True), (30, 29, False), (None, 3_000, False)]
)
async def test_a_finished_batch_goes_when_it_is_old_enough(
    harness: ServiceHarness, desk: Desk, kept: float | None, age: float, *, deleted: bool
) -> None:
    await finished(harness, desk)
    await pass_days(harness, age)
    await delete_old_batches(harness.transactions, Settings(batch_retention_days=kept))
    assert (await desk.deletion() is not None) is deleted
    assert (MARKER not in await rows(harness)) is deleted
    assert len(await harness.emitted(BatchDeletedV1)) == deleted


async def test_a_batch_at_work_is_not_old_however_long_ago_it_began(
    harness: ServiceHarness, desk: Desk
) -> None:
    await at_work(harness, desk)
    async with harness.session() as session:
        await session.execute(sa.text("UPDATE batches SET created_at = now() - interval '9 years'"))
    await delete_old_batches(harness.transactions, Settings(batch_retention_days=2))
    assert await desk.deletion(BatchId(BATCH)) is None
