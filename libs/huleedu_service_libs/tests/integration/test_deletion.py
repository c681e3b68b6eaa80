"""A deleted batch stays deleted, whatever still comes of it and whenever it comes."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4, uuid5

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.deletion_events import BatchDataDeletedV1, BatchDeletedV1
from common_core.events.envelope import EventData
from common_core.identifiers import BatchId
from huleedu_service_libs.consumer.sharing import SharedTransactions
from huleedu_service_libs.deletion import delete_rows, forgetting
from huleedu_service_libs.errors import PermanentError, PoisonMessage
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.routing import Router
from huleedu_service_libs.testing.harness import ServiceHarness, Worker
from huleedu_service_libs.testing.idempotency_suite import Checkpoint
from huleedu_service_libs.testing.messages import StoredMessage, envelope_of
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.ledger_service import (
    excess,
    ledger,
    lines_of,
    make_router,
    rejection,
)

BROKEN = "no handler can do this"


async def _before(text: str) -> None:
    if text == BROKEN:
        raise PermanentError(text)


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    return await delete_rows(session, sa.delete(ledger).where(ledger.c.key == str(batch_id)))


def router() -> Router:
    made = make_router(_before)
    made.work(BatchDeletedV1)(forgetting(forget))
    return made


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        ledger_service.settings(),
        router(),
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    ) as made:
        yield made


def deleted(batch_id: UUID) -> BatchDeletedV1:
    return BatchDeletedV1(batch_id=BatchId(batch_id))


async def lines(harness: ServiceHarness, batch_id: UUID) -> int:
    async with harness.session() as session:
        return await lines_of(session, rejection(batch_id))


async def test_everything_of_the_batch_goes_and_nothing_of_another_one(
    harness: ServiceHarness,
) -> None:
    batch_id, other = uuid4(), uuid4()
    for data in (rejection(batch_id), excess(batch_id), rejection(other)):
        await harness.deliver(data)
    await harness.attempt(harness.message(rejection(batch_id, BROKEN)))
    await harness.attempt(harness.message(rejection(other, BROKEN)))

    deletion = envelope_of(deleted(batch_id))
    await harness.deliver(deletion)

    assert (await lines(harness, batch_id), await lines(harness, other)) == (0, 1)
    [confirmed] = await harness.emitted(BatchDataDeletedV1)
    assert confirmed.event_id == uuid5(deletion.event_id, "BatchDataDeletedV1:ledger_service")
    assert confirmed.data == BatchDataDeletedV1(
        batch_id=BatchId(batch_id),
        service="ledger_service",
        rows={"outbox": 3, "dead_letters": 1, "ledger": 2},
    )
    left = [row for rows in (await harness.snapshot()).values() for row in rows]
    [barred] = [row for row in left if str(batch_id) in row]
    assert barred.startswith(f"({batch_id},")
    payloads = b"".join(message.value or b"" for message in await harness.outgoing())
    assert payloads.count(str(batch_id).encode()) == 1
    [letter] = await harness.dead_letters.list()
    assert str(other).encode() in (letter.payload or b"")


@pytest.mark.parametrize("make", [rejection, excess], ids=["transaction", "work"])
@pytest.mark.parametrize("text", ["a", BROKEN], ids=["well", "badly"])
async def test_an_event_after_the_deletion_leaves_nothing_even_if_its_handler_fails(
    harness: ServiceHarness, make: type, text: str
) -> None:
    batch_id = uuid4()
    await harness.deliver(deleted(batch_id))
    before = await harness.snapshot()
    handled = await harness.attempt(harness.message(make(batch_id, text)))
    assert handled.outcome is Outcome.DUPLICATE
    assert await harness.snapshot() == before


async def test_what_is_no_event_is_not_kept_either_if_it_names_the_batch(
    harness: ServiceHarness,
) -> None:
    batch_id = uuid4()
    await harness.deliver(deleted(batch_id))
    before = await harness.snapshot()
    for name in (batch_id, uuid4()):
        record = harness.message(rejection(name))
        assert record.value is not None
        cut = StoredMessage(record.topic, 0, record.offset, record.key, record.value[:-2], ())
        await harness.first.processor.dead_letters.bury(cut, None, PoisonMessage("cut off"))
    after = await harness.snapshot()
    assert len(after["dead_letters"]) == len(before["dead_letters"]) + 1


async def test_in_company_only_the_events_of_the_deleted_batch_have_no_effect(
    harness: ServiceHarness,
) -> None:
    batch_id, other = uuid4(), uuid4()
    await harness.deliver(deleted(batch_id))
    messages = [harness.message(rejection(each)) for each in (batch_id, other, batch_id)]
    handled = await SharedTransactions(harness.first.processor).attempt_together(messages)
    assert [each and each.outcome for each in handled] == [
        Outcome.DUPLICATE,
        Outcome.DONE,
        Outcome.DUPLICATE,
    ]
    assert (await lines(harness, batch_id), await lines(harness, other)) == (0, 1)


async def waits_for_a_lock(harness: ServiceHarness, worker: Worker) -> None:
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = :name AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while True:
            async with harness.session() as session:
                if await session.scalar(waiting, {"name": worker.name}):
                    return


@pytest.mark.parametrize("first", ["event", "deletion"])
async def test_whichever_of_an_event_and_the_deletion_is_first_the_other_waits_for_it(
    harness: ServiceHarness, first: str
) -> None:
    """Neither sees the other's work when it begins; nothing is left all the same."""
    batch_id, checkpoint = uuid4(), Checkpoint()
    second = await harness.worker("second")
    events: list[EventData] = [rejection(batch_id), deleted(batch_id)]
    if first == "deletion":
        events.reverse()
    messages = [harness.message(event) for event in events]
    harness.first.leases.before_commit = checkpoint
    holding = harness.first.spawn(harness.attempt(messages[0]))
    await checkpoint.reached()
    following = second.spawn(harness.attempt(messages[1], worker=second))
    await waits_for_a_lock(harness, second)
    checkpoint.open()

    assert (await holding).outcome is Outcome.DONE
    outcome = (await following).outcome
    assert outcome is (Outcome.DONE if first == "event" else Outcome.DUPLICATE)
    assert await lines(harness, batch_id) == 0
    assert [event.data for event in await harness.emitted()] == [
        event.data for event in await harness.emitted(BatchDataDeletedV1)
    ]
