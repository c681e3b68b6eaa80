from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.store import Base


async def test_the_migrations_make_the_tables_that_the_store_uses(harness: ServiceHarness) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: (
                    kind != "table" or name in Base.metadata.tables
                )
            },
        )
        return list(compare_metadata(context, Base.metadata))

    async with harness.session() as session:
        found = await (await session.connection()).run_sync(differences)
    assert found == []
