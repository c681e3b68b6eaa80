import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

from sqlalchemy import inspect, text

from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.database import create_database, create_engine, migrate


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


async def test_a_statement_that_waits_too_long_is_ended_by_the_server(postgres_url: str) -> None:
    """Otherwise it would be ended here, where nobody knows what the server still does."""
    engine = create_engine(postgres_url, "postgres")
    async with engine.connect() as connection:
        shown = await connection.scalar(text("SELECT current_setting('statement_timeout')"))
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        here = driver._config.command_timeout
    await engine.dispose()
    assert (shown, here) == ("50s", 60)


async def test_there_is_a_connection_for_each_event_handled_at_once(postgres_url: str) -> None:
    engine = create_engine(postgres_url, "postgres")
    async with AsyncExitStack() as stack:
        for _ in range(Limits().concurrency + 2):
            await stack.enter_async_context(engine.connect())
    await engine.dispose()
