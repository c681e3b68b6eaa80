"""Whether a service's migrations make the tables that its store uses."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncSession


async def missing_migrations(session: AsyncSession, metadata: MetaData) -> list[Any]:
    """What a migration would still have to do to `metadata`'s tables; other tables are ignored."""

    def compare(connection: Connection) -> list[Any]:
        def ours(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or name in metadata.tables

        options = {"include_name": ours, "compare_server_default": True}
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        )

    connection = await session.connection()
    return await connection.run_sync(compare)
