import asyncio
from uuid import uuid4

from sqlalchemy import inspect

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
