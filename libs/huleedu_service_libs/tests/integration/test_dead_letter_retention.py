"""How long dead letters are kept, by PostgreSQL's clock."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.database import create_database, create_engine, migrate
from huleedu_service_libs.dead_letters import DeadLetters, dead_letters, prune_all
from huleedu_service_libs.errors import PermanentError
from huleedu_service_libs.testing.messages import StoredMessage

SERVICE = "retention"
QUARTER = timedelta(days=90)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    name = f"retention_{uuid4().hex[:8]}"
    await create_database(postgres_url, name)
    engine = create_engine(postgres_url, name)
    await migrate(engine, None)
    yield engine
    await engine.dispose()


async def letters(engine: AsyncEngine, count: int) -> list[int]:
    """The ids of so many dead letters that came longer ago than they are kept."""
    graveyard = DeadLetters(engine, SERVICE)
    for offset in range(count):
        message = StoredMessage(
            topic="some.topic", partition=0, offset=offset, key=None, value=b"{}", headers=()
        )
        assert await graveyard.bury(message, None, PermanentError("no"), event_type="XV1")
    async with engine.begin() as connection:
        long_ago = sa.func.now() - QUARTER - timedelta(seconds=1)
        await connection.execute(sa.update(dead_letters).values(created_at=long_ago))
    return [letter.id for letter in await graveyard.list(status=None)]


async def left(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(sa.select(dead_letters.c.id).order_by("id")))


async def test_old_dead_letters_go_and_the_undecided_ones_are_told(engine: AsyncEngine) -> None:
    first, second, third = await letters(engine, 3)
    async with engine.begin() as connection:
        long_ago = sa.func.now() - QUARTER - timedelta(seconds=1)
        await connection.execute(
            sa.update(dead_letters)
            .where(dead_letters.c.id == first)
            .values(status="dropped", settled_at=long_ago)
        )

    assert await prune_all(engine, QUARTER, batch=2) == [(second, "XV1"), (third, "XV1")]
    assert await left(engine) == []


async def test_a_dead_letter_is_kept_from_the_day_it_was_settled(engine: AsyncEngine) -> None:
    first, second = await letters(engine, 2)
    await DeadLetters(engine, SERVICE).replay(first)

    assert await prune_all(engine, QUARTER) == [(second, "XV1")]
    assert await left(engine) == [first]


async def test_a_young_dead_letter_is_kept(engine: AsyncEngine) -> None:
    [only] = await letters(engine, 1)

    assert await prune_all(engine, QUARTER + timedelta(hours=1)) == []
    assert await left(engine) == [only]
