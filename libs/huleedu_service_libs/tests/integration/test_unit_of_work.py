"""Transactions on a real server: refused, cancelled, cut off in the middle."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.database import create_database, create_engine, service_database_url
from huleedu_service_libs.errors import CommitOutcomeUnknown, DatabaseUnavailable
from huleedu_service_libs.unit_of_work import UnitOfWork
from libs.huleedu_service_libs.tests.facts import soon

SLOW_COMMIT = 4711
"""Who holds this advisory lock holds up every COMMIT of a slow note."""
TABLES = f"""
CREATE TABLE notes (text text UNIQUE);
CREATE TABLE slow_notes (text text);
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_advisory_xact_lock({SLOW_COMMIT}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON slow_notes
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
"""
NOTE = "INSERT INTO notes VALUES ($1)"


@pytest.fixture
async def observer(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another connection to a database of this test's own."""
    name = f"units_{uuid4().hex[:8]}"
    await create_database(postgres_url, name)
    url = service_database_url(postgres_url, name).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(TABLES)
    yield connection
    await connection.close()


@pytest.fixture
async def engine(postgres_url: str, observer: asyncpg.Connection) -> AsyncIterator[AsyncEngine]:
    made = create_engine(postgres_url, await observer.fetchval("SELECT current_database()"))
    yield made
    await made.dispose()


async def notes(observer: asyncpg.Connection) -> list[str]:
    rows = await observer.fetch("SELECT text FROM notes UNION ALL SELECT text FROM slow_notes")
    return sorted(row["text"] for row in rows)


async def write_slowly(engine: AsyncEngine) -> None:
    async with UnitOfWork(engine) as unit:
        await unit.connection.execute("INSERT INTO slow_notes VALUES ('slow')")
        await unit.commit()


async def until_waiting_for_a_lock(observer: asyncpg.Connection, sessions: int) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while await observer.fetchval(query) != sessions:  # noqa: ASYNC110 - the server's fact
            await asyncio.sleep(0.01)


async def test_session_and_connection_are_in_one_transaction(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async with UnitOfWork(engine) as unit:
        await unit.session.execute(sa.text("INSERT INTO notes VALUES ('session')"))
        await unit.connection.execute(NOTE, "driver")
        assert await unit.session.scalar(sa.text("SELECT count(*) FROM notes")) == 2
        assert await notes(observer) == []
        await unit.commit()
    assert await notes(observer) == ["driver", "session"]


async def test_what_is_not_committed_is_gone_and_its_connection_goes_on(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async def leave() -> int:
        async with UnitOfWork(engine) as unit:
            await unit.connection.execute(NOTE, "left")
            return int(unit.connection.get_server_pid())

    async def fail() -> None:
        async with UnitOfWork(engine) as unit:
            await unit.session.execute(sa.text("INSERT INTO notes VALUES ('failed')"))
            raise ZeroDivisionError

    first = await leave()
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await leave() == first
    assert await notes(observer) == []


@pytest.mark.parametrize("through", ["driver", "session"])
async def test_a_failure_that_was_hidden_is_not_taken_for_a_commit(
    engine: AsyncEngine, observer: asyncpg.Connection, through: str
) -> None:
    async with UnitOfWork(engine) as unit:
        await unit.connection.execute(NOTE, "before")
        if through == "driver":
            with pytest.raises(asyncpg.UniqueViolationError):
                await unit.connection.execute(NOTE, "before")
        else:
            with pytest.raises(IntegrityError):
                await unit.session.execute(sa.text("INSERT INTO notes VALUES ('before')"))
        with pytest.raises(RuntimeError, match="had failed"):
            await unit.commit()
    assert await notes(observer) == []


async def test_a_session_can_neither_commit_nor_roll_back(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async with UnitOfWork(engine) as unit:
        await unit.connection.execute(NOTE, "a")
        await unit.session.commit()
        assert await notes(observer) == []
        await unit.session.rollback()
        await unit.commit()
    assert await notes(observer) == ["a"]


async def test_who_has_the_connection_next_has_transactions_as_usual(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async with UnitOfWork(engine) as unit:
        await unit.session.execute(sa.text("INSERT INTO notes VALUES ('a')"))
        process = unit.connection.get_server_pid()
    async with engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT pg_backend_pid()")) == process
        await connection.execute(sa.text("INSERT INTO notes VALUES ('b')"))
        assert await notes(observer) == []
    assert await notes(observer) == []


async def test_one_that_is_cancelled_while_it_waits_gives_back_what_it_holds(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async def wait_for_the_first() -> None:
        async with UnitOfWork(engine) as unit:
            await unit.connection.execute(NOTE, "its own")
            await unit.connection.execute(NOTE, "the first's")

    async with UnitOfWork(engine) as unit:
        await unit.connection.execute(NOTE, "the first's")
        waiting = asyncio.create_task(wait_for_the_first())
        await until_waiting_for_a_lock(observer, 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await unit.connection.execute(NOTE, "its own")
        await unit.commit()
    assert await notes(observer) == ["its own", "the first's"]


async def test_a_commit_goes_on_when_it_is_cancelled(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    await observer.execute("SELECT pg_advisory_lock($1)", SLOW_COMMIT)
    writing = asyncio.create_task(write_slowly(engine))
    await until_waiting_for_a_lock(observer, 1)
    writing.cancel()
    await observer.execute("SELECT pg_advisory_unlock($1)", SLOW_COMMIT)
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await notes(observer) == ["slow"]


async def test_nobody_knows_of_a_commit_whose_connection_was_lost(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    await observer.execute("SELECT pg_advisory_lock($1)", SLOW_COMMIT)
    writing = asyncio.create_task(write_slowly(engine))
    await until_waiting_for_a_lock(observer, 1)
    await observer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(CommitOutcomeUnknown):
        await writing
    await observer.execute("SELECT pg_advisory_unlock($1)", SLOW_COMMIT)
    await write_slowly(engine)
    assert await notes(observer) == ["slow"]


async def test_connections_that_the_server_has_ended_are_not_given_out(
    engine: AsyncEngine, observer: asyncpg.Connection
) -> None:
    async with UnitOfWork(engine) as first, UnitOfWork(engine) as second:
        connections = [first.connection, second.connection]
    await observer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await soon(lambda: all(connection.is_closed() for connection in connections))
    for text in "ab":
        async with UnitOfWork(engine) as unit:
            await unit.connection.execute(NOTE, text)
            await unit.commit()
    assert await notes(observer) == ["a", "b"]


async def test_a_server_that_is_not_there_is_called_so() -> None:
    away = create_engine("postgresql://postgres@127.0.0.1:1/postgres", "nowhere")
    with pytest.raises(DatabaseUnavailable):
        async with UnitOfWork(away):
            pass
    await away.dispose()
