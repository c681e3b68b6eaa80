from collections.abc import AsyncIterator

import pytest
from quart import Quart

from huleedu_service_libs.testing.harness import ServiceHarness
from services.content_service.app import service
from services.content_service.config import Settings
from services.content_service.handlers import router


@pytest.fixture
def settings() -> Settings:
    """The limits small enough to be reached by a test."""
    return Settings(
        content_max_upload_bytes=2_000_000,
        content_max_file_bytes=300_000,
        content_max_text_characters=5_000,
    )


@pytest.fixture
async def harness(postgres_url: str, settings: Settings) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        settings,
        router,
        providers=service.providers,
        migrations=service.migrations,
        postgres_url=postgres_url,
    ) as harness:
        yield harness


@pytest.fixture
def app(harness: ServiceHarness) -> Quart:
    return service.app(harness.container)
