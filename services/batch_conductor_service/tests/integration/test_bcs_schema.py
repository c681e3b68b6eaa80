from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.tables import missing_migrations
from services.batch_conductor_service.store import Base


async def test_the_migrations_make_the_tables_that_the_store_uses(harness: ServiceHarness) -> None:
    async with harness.session() as session:
        assert await missing_migrations(session, Base.metadata) == []
