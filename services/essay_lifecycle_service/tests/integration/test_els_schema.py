from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from huleedu_service_libs.testing.harness import ServiceHarness
from services.essay_lifecycle_service.store import controls, intake, phase_runs
from services.essay_lifecycle_service.store.base import Base


async def test_the_migrations_make_the_tables_that_the_store_uses(harness: ServiceHarness) -> None:
    tables = {
        intake.BatchRow,
        intake.UploadRow,
        phase_runs.PhaseRunRow,
        phase_runs.EssayInPhaseRow,
        controls.ControlRow,
    }
    assert {row.__tablename__ for row in tables} == set(Base.metadata.tables)

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
