from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart.typing import TestClientProtocol as Client

from huleedu_service_libs.testing.harness import ServiceHarness
from services.result_aggregator_service import app
from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.handlers import router

MIGRATIONS = Path(app.__file__).parent / "migrations"


def new_harness(postgres_url: str) -> ServiceHarness:
    settings = Settings(poll_seconds=0.01)
    return ServiceHarness(settings, router, migrations=MIGRATIONS, postgres_url=postgres_url)


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with new_harness(postgres_url) as harness:
        yield harness


@pytest.fixture
def client(harness: ServiceHarness) -> Client:
    return app.service.app(harness.container).test_client()
