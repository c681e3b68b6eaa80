from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_conductor_service.config import Settings
from services.batch_conductor_service.handlers import router

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        Settings(), router, migrations=MIGRATIONS, postgres_url=postgres_url
    ) as service:
        yield service
