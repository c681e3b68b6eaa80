from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from pydantic import SecretStr

from huleedu_service_libs.di import make_container
from services.api_gateway_service.app import gateway
from services.api_gateway_service.config import Settings
from services.api_gateway_service.tests.fakes import FakeServices, listening

KEYS = "anna-key:anna,bo-key:bo"
MAX_FILE_BYTES = 200_000
MAX_UPLOAD_BYTES = 1_000_000


@pytest.fixture
def fakes() -> FakeServices:
    return FakeServices()


@pytest.fixture
async def address(fakes: FakeServices, redis_url: str) -> AsyncIterator[str]:
    """The gateway, listening, in front of the fakes."""
    async with AsyncExitStack() as stack:
        bos, content, ras, cj = [
            await stack.enter_async_context(listening(app))
            for app in (fakes.bos(), fakes.content(), fakes.ras(), fakes.cj())
        ]
        settings = Settings(
            api_keys=SecretStr(KEYS),
            redis_url=SecretStr(redis_url),
            bos_url=bos,
            content_url=content,
            ras_url=ras,
            cj_url=cj,
            bcs_url=bos,
            els_url=bos,
            spell_url=bos,
            max_file_bytes=MAX_FILE_BYTES,
            max_upload_bytes=MAX_UPLOAD_BYTES,
            max_body_bytes=50_000,
            heartbeat_seconds=0.05,
        )
        service = gateway(settings)
        container = make_container(settings, *service.providers)
        stack.push_async_callback(container.close)
        yield await stack.enter_async_context(listening(service.app(container)))


@pytest.fixture
async def anna(address: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer anna-key"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
async def bo(address: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer bo-key"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
async def browser(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet; with a cookie jar."""
    async with httpx.AsyncClient(base_url=address, timeout=10) as client:
        yield client
