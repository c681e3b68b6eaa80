"""The service answers for its health whatever it is working on."""

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from common_core.events.spellcheck_events import SpellcheckResultV1
from huleedu_service_libs.health import Health, add_operations_routes
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts
from services.spellchecker_service.app import service
from services.spellchecker_service.tests.conftest import a_request

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = (
    "The pupils wrote about ther holidays by the sea, and most of them liked what they had seen. "
    * 28
)
LONGEST_SECONDS = 0.05


@pytest.fixture
def no_collection() -> Iterator[None]:
    """The garbage of thousands of other tests is not the service's."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
async def test_health_is_answered_within_50_ms_while_fifty_pages_are_checked(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    """By the processor time of the event loop's thread: what others do here does not count."""
    app = service.app(harness.container)
    add_operations_routes(app, Health())
    client = app.test_client()
    await harness.deliver(a_request(await texts.put(PAGE), file_name="first.txt"))
    fifty_pages = a_request(await texts.put("\n\n".join([PAGE] * 50)))
    waits: list[float] = []

    checking = asyncio.create_task(harness.deliver(fifty_pages))
    asked = time.thread_time()
    while not checking.done():
        response = await client.get("/healthz")
        assert response.status_code == 200
        answered = time.thread_time()
        waits.append(answered - asked)
        asked = answered
    await checking

    _, result = await harness.emitted(SpellcheckResultV1)
    assert len(result.data.corrections) == 28 * 50
    assert len(waits) > 20
    assert max(waits) < LONGEST_SECONDS
