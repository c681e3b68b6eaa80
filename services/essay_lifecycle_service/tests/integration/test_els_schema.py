from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.tables import missing_migrations
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

    async with harness.session() as session:
        assert await missing_migrations(session, Base.metadata) == []
