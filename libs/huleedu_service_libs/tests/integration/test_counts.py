"""How many commands an event costs, alone and in company, on real servers: exact numbers."""

from collections.abc import AsyncIterator, Sequence

import pytest
import redis.asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.consumer.processing import Processor
from huleedu_service_libs.consumer.retry import History, RetryPolicy
from huleedu_service_libs.consumer.sharing import SharedTransactions
from huleedu_service_libs.database import create_engine
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.idempotency.leases import Leases
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.transaction import Transactions
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.facts import statements
from libs.huleedu_service_libs.tests.ledger_service import rejection

ROUND = {"BEGIN": 1, "INSERT INTO inbox": 1, "WITH locked AS": 1, "COMMIT": 1}


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        ledger_service.settings(),
        ledger_service.router,
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    ) as made:
        yield made


@pytest.fixture
async def engine(harness: ServiceHarness, postgres_url: str) -> AsyncIterator[AsyncEngine]:
    """As a service has it, pool and all."""
    made = create_engine(postgres_url, harness.database)
    yield made
    await made.dispose()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    made = redis.asyncio.Redis.from_url(redis_url)
    yield made
    await made.flushall()
    await made.aclose()


@pytest.fixture
async def processor(
    harness: ServiceHarness, engine: AsyncEngine, client: "redis.asyncio.Redis"
) -> AsyncIterator[Processor]:
    leases = Leases(client, harness.config)
    yield await Processor.create(
        harness.router,
        harness.container,
        leases=leases,
        transactions=Transactions(engine, "ledger"),
        retry=RetryPolicy(),
    )
    await leases.stop()


async def scripts_run(client: "redis.asyncio.Redis") -> int:
    return int((await client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0))


def counted(seen: Sequence[str]) -> dict[str, int]:
    """Statements by their first words."""
    words = [" ".join(statement.split()[:3]) for statement in seen]
    return {each: words.count(each) for each in words}


async def handle(processor: Processor, messages: Sequence[Message]) -> None:
    if len(messages) == 1:
        handled = [await processor.attempt(messages[0], History())]
    else:
        handled = [
            each
            for each in await SharedTransactions(processor).attempt_together(messages)
            if each is not None
        ]
    assert [each.outcome for each in handled] == [Outcome.DONE] * len(messages)


@pytest.mark.parametrize("events", [1, 2, 50])
async def test_what_events_cost_does_not_grow_with_their_number_but_for_their_handlers(
    harness: ServiceHarness,
    engine: AsyncEngine,
    client: "redis.asyncio.Redis",
    processor: Processor,
    events: int,
) -> None:
    await handle(processor, [harness.message(rejection())])  # scripts are loaded, a connection made
    before = await scripts_run(client)
    with statements(engine) as seen:
        await handle(processor, [harness.message(rejection()) for _ in range(events)])
    assert counted(seen) == ROUND | {"INSERT INTO ledger": events}
    assert await scripts_run(client) - before == 2, "one claim and one confirmation"


async def test_what_is_known_costs_one_claim_or_one_look_at_the_inbox(
    harness: ServiceHarness,
    engine: AsyncEngine,
    client: "redis.asyncio.Redis",
    processor: Processor,
) -> None:
    message = harness.message(rejection())
    await handle(processor, [message])
    before = await scripts_run(client)
    with statements(engine) as seen:
        assert (await processor.attempt(message, History())).outcome is Outcome.DUPLICATE
    assert seen == []
    assert await scripts_run(client) - before == 1
    await client.flushdb()
    with statements(engine) as seen:
        assert (await processor.attempt(message, History())).outcome is Outcome.DUPLICATE
    assert counted(seen) == {
        "BEGIN": 1,
        "INSERT INTO inbox": 1,
        "SELECT event_id, fingerprint": 1,
        "ROLLBACK": 1,
    }
