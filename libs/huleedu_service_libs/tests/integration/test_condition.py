"""What a service says of itself and of one batch, from its own database."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common_core.events.result_events import BatchResultsReadyV1
from common_core.topics import event_type_of
from huleedu_service_libs.condition import condition
from huleedu_service_libs.database import create_database, create_engine, migrate
from huleedu_service_libs.dead_letters import DeadLetters
from huleedu_service_libs.errors import PermanentError
from huleedu_service_libs.handled import ConsumerState
from huleedu_service_libs.outbox.table import OutgoingRecord, append
from huleedu_service_libs.testing.golden import recorded_bytes
from huleedu_service_libs.testing.messages import StoredMessage
from huleedu_service_libs.unit_of_work import UnitOfWork

SERVICE = "result_aggregator_service"
TOPIC = event_type_of(BatchResultsReadyV1).topic
STATE = ConsumerState(
    assigned=False,
    pending=0,
    blocked_lanes=1,
    longest_block_seconds=3.0,
    leases=0,
    degraded=False,
    oldest_unresolved_seconds=5.0,
    seconds_since_poll=7.0,
)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    name = f"condition_{uuid4().hex[:8]}"
    await create_database(postgres_url, name)
    engine = create_engine(postgres_url, name)
    await migrate(engine, None)
    yield engine
    await engine.dispose()


async def bury(engine: AsyncEngine, batch_id: UUID, offset: int) -> None:
    value = recorded_bytes(BatchResultsReadyV1) + str(batch_id).encode()
    message = StoredMessage(
        topic=TOPIC, key=b"k", value=value, headers=(), partition=0, offset=offset
    )
    graveyard = DeadLetters(engine, SERVICE)
    assert await graveyard.bury(message, None, PermanentError("no such thing"), event_type="XV1")


async def test_dead_letters_and_unsent_events_are_told_apart_by_batch(engine: AsyncEngine) -> None:
    mine, other = uuid4(), uuid4()
    await bury(engine, mine, 1)
    await bury(engine, other, 2)
    async with UnitOfWork(engine) as unit:
        await append(unit.connection, [OutgoingRecord("some.topic", None, (), b"of nobody")])
        await unit.commit()

    found = await condition(SERVICE, engine, STATE, mine)

    assert [letter.cause for letter in found.dead_letters] == ["PermanentError: no such thing"]
    assert found.unsent == 3  # the announcements of both dead letters, and one of nobody
    assert found.unsent_of_batch == 1
    assert found.unsent_seconds >= 0
    assert (found.consuming, found.silent_seconds, found.blocked_seconds) == (False, 7.0, 3.0)


async def test_a_dead_letter_that_was_settled_troubles_nobody(engine: AsyncEngine) -> None:
    mine = uuid4()
    await bury(engine, mine, 1)
    graveyard = DeadLetters(engine, SERVICE)
    [letter] = await graveyard.list()
    await graveyard.drop(letter.id)

    assert (await condition(SERVICE, engine, STATE, mine)).dead_letters == ()


async def test_a_service_without_database_and_consumer_says_that_it_consumes_nothing() -> None:
    found = await condition("api_gateway_service", None, None, uuid4())
    assert (found.consuming, found.unsent, found.dead_letters) == (None, 0, ())
