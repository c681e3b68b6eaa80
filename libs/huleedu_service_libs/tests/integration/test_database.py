import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from huleedu_service_libs import database
from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.database import create_database, create_engine, migrate, set_up


async def test_replicas_that_start_together_create_and_migrate_once(postgres_url: str) -> None:
    name = f"start_{uuid4().hex[:8]}"

    async def start() -> set[str]:
        await create_database(postgres_url, name)
        engine = create_engine(postgres_url, name)
        await migrate(engine, None)
        async with engine.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await engine.dispose()
        return set(tables)

    seen = await asyncio.gather(*(start() for _ in range(4)))
    assert all(tables >= {"inbox", "outbox", "dead_letters"} for tables in seen)


async def test_a_server_lost_while_a_service_sets_up_is_waited_for(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"start_{uuid4().hex[:8]}"
    engine = create_engine(postgres_url, name)
    losses = 2

    async def lose(engine: AsyncEngine, migrations: Path | None) -> None:
        nonlocal losses
        if losses:
            losses -= 1
            patient = create_async_engine(engine.url)
            async with patient.connect() as lost:
                await lost.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        await migrate(engine, migrations)

    monkeypatch.setattr(database, "migrate", lose)
    await set_up(postgres_url, name, engine, None)
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).has_table("inbox"))
    await engine.dispose()
    assert losses == 0


async def test_what_the_server_refuses_while_a_service_sets_up_is_not_tried_for_ever(
    postgres_url: str, tmp_path: Path
) -> None:
    name = f"start_{uuid4().hex[:8]}"
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "0001_wrong.py").write_text(
        "from alembic import op\n"
        "revision = 'wrong_0001'\ndown_revision = None\nbranch_labels = ('wrong',)\n"
        "def upgrade() -> None:\n    op.execute('CREATE NONSENSE')\n"
    )
    engine = create_engine(postgres_url, name)
    async with asyncio.timeout(20):
        with pytest.raises(DBAPIError):
            await set_up(postgres_url, name, engine, tmp_path)
    await engine.dispose()


async def test_a_statement_that_waits_too_long_is_ended_by_the_server(postgres_url: str) -> None:
    """Otherwise it would be ended here, where nobody knows what the server still does."""
    engine = create_engine(postgres_url, "postgres")
    async with engine.connect() as connection:
        shown = await connection.scalar(text("SELECT current_setting('statement_timeout')"))
    await engine.dispose()
    assert shown == "50s"


async def test_a_transaction_that_does_nothing_for_too_long_gives_up_its_locks(
    postgres_url: str,
) -> None:
    frozen = create_engine(postgres_url, "postgres", idle_seconds=0.2)
    other = create_engine(postgres_url, "postgres")
    lock = text("SELECT pg_advisory_xact_lock(7)")
    async with frozen.connect() as holder, other.connect() as waiting, asyncio.timeout(20):
        await holder.execute(lock)
        await waiting.execute(lock)
        with pytest.raises(DBAPIError):
            await holder.execute(text("SELECT 1"))
        await holder.invalidate()
    await frozen.dispose()
    await other.dispose()


async def test_a_connection_that_died_while_it_rested_is_replaced_unseen(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_RESTED_SECONDS", 0.0)
    engine, other = (create_engine(postgres_url, "postgres") for _ in range(2))
    backend = text("SELECT pg_backend_pid()")
    async with engine.connect() as connection:
        first = await connection.scalar(backend)
    async with other.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    async with engine.connect() as connection:
        assert await connection.scalar(backend) != first
    await engine.dispose()
    await other.dispose()


class Line:
    """A way to the server that can go silent: nothing arrives and nothing is closed."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._silent: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    def cut(self) -> None:
        """Silence the connections that there are."""
        for silent in self._silent:
            silent.set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        listening = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        try:
            yield self._server.set(port=port).render_as_string(hide_password=False)
        finally:
            listening.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent = asyncio.Event()
        self._silent.append(silent)
        there = await asyncio.open_connection(self._server.host, self._server.port)
        for source, target in ((reader, there[1]), (there[0], writer)):
            self._tasks.append(asyncio.create_task(_pump(source, target, silent)))


async def _pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, silent: asyncio.Event
) -> None:
    try:
        while (data := await source.read(65_536)) and not silent.is_set():
            target.write(data)
        if silent.is_set():
            await asyncio.Event().wait()
    finally:
        target.close()


async def test_a_connection_that_has_gone_silent_is_given_up_and_replaced(
    postgres_url: str,
) -> None:
    line = Line(make_url(postgres_url))
    async with line.laid() as url, asyncio.timeout(20):
        engine = create_engine(url, "postgres", command_seconds=0.2)
        with pytest.raises(TimeoutError):
            await ask_before_and_after(line.cut, engine)
        with suppress(TimeoutError):  # the pool may still have to find out
            await answer(engine)
        assert await answer(engine) == 3
        await engine.dispose()


async def ask_before_and_after(event: Callable[[], None], engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        event()
        await connection.execute(text("SELECT 2"))


async def answer(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text("SELECT 3")) or 0)


async def test_there_is_a_connection_for_each_event_handled_at_once(postgres_url: str) -> None:
    engine = create_engine(postgres_url, "postgres")
    async with AsyncExitStack() as stack:
        for _ in range(Limits().concurrency + 2):
            await stack.enter_async_context(engine.connect())
    await engine.dispose()
