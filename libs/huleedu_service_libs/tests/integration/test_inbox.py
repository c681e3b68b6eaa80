"""The inbox: the first statement of each transaction, in one order, and not for ever."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from common_core.events.envelope import EventData
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.idempotency.identity import Identity
from huleedu_service_libs.inbox import enter, inbox, prune_all
from huleedu_service_libs.testing.harness import ServiceHarness
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.facts import statements
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        ledger_service.settings(),
        ledger_service.router,
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    ) as made:
        yield made


@pytest.mark.parametrize("data", [rejection(), excess()], ids=["transaction", "work"])
async def test_i12_the_inbox_row_is_the_first_statement_and_alone_if_the_event_is_known(
    harness: ServiceHarness, data: EventData
) -> None:
    message = harness.message(data)
    with statements(harness.first.engine) as first:
        assert (await harness.attempt(message)).outcome is Outcome.DONE
    begin, entering, *effects, commit = first
    assert begin == "BEGIN"
    assert entering.startswith("INSERT INTO inbox ")
    assert effects[0].startswith("INSERT INTO ledger ")
    assert commit == "COMMIT"

    await harness.redis.flushall()
    with statements(harness.first.engine) as again:
        assert (await harness.attempt(message)).outcome is Outcome.DUPLICATE
    begin, entering, *reading, rollback = again
    assert (begin, rollback) == ("BEGIN", "ROLLBACK")
    assert entering.startswith("INSERT INTO inbox ")
    assert all(statement.startswith("SELECT event_id") for statement in reading)


async def test_i16_rows_of_several_events_are_written_in_the_order_of_their_ids(
    harness: ServiceHarness,
) -> None:
    events = [Identity(UUID(int=number), "a", "00" * 32) for number in (5, 1, 4, 2, 3)]
    async with harness.unit() as unit:
        assert len(await enter(unit.connection, "ledger_service", events)) == 5
        written = await unit.session.scalars(sa.text("SELECT event_id FROM inbox ORDER BY ctid"))
        assert [event_id.int for event_id in written] == [1, 2, 3, 4, 5]


async def test_what_is_old_is_forgotten_in_batches_and_nothing_else(
    harness: ServiceHarness,
) -> None:
    ages = [timedelta(days=days) for days in (1, 13, 15, 16, 17, 18, 19)]
    async with harness.session() as session:
        for age in ages:
            row = {"consumer": "c", "event_id": uuid4(), "fingerprint": b"", "outcome": "done"}
            await session.execute(sa.insert(inbox).values(processed_at=sa.func.now() - age, **row))
    with statements(harness.first.engine) as seen:
        await prune_all(harness.first.engine, timedelta(days=14), batch=2)
    assert seen.count("BEGIN") == 3
    async with harness.session() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(inbox)) == 2
