from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.handlers import router
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.stand_in import StandInConductor, StandInProvider

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def outside() -> StandInProvider:
    return StandInProvider()


@pytest.fixture
def conductor(outside: StandInProvider) -> StandInConductor:
    return outside.conductor


@pytest.fixture
async def harness(postgres_url: str, outside: StandInProvider) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        Settings(),
        router,
        providers=[outside],
        migrations=MIGRATIONS,
        postgres_url=postgres_url,
    ) as service:
        yield service


@pytest.fixture
def desk(harness: ServiceHarness) -> Desk:
    return Desk(harness)
