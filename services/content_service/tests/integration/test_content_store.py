from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from huleedu_service_libs.testing.harness import ServiceHarness
from services.content_service.store import Base


def differences(connection: Connection) -> list[object]:
    own = set(Base.metadata.tables)
    context = MigrationContext.configure(
        connection,
        opts={
            "include_object": lambda thing, name, kind, *_: kind != "table" or name in own,
            "compare_type": True,
        },
    )
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrated_schema_is_the_one_the_queries_expect(harness: ServiceHarness) -> None:
    async with harness.session() as session:
        connection = await session.connection()
        assert await connection.run_sync(differences) == []
