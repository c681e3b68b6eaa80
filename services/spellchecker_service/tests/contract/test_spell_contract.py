"""What this service hears and says is what is on record."""

import pytest

from common_core.events.spellcheck_events import (
    SpellcheckEngineStartedV1,
    SpellcheckPhaseCompletedV1,
    SpellcheckResultV1,
)
from common_core.topics import EVENTS
from huleedu_service_libs.routing import Route
from huleedu_service_libs.testing.golden import departures, recorded_bytes
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, text_id_of
from services.spellchecker_service.checker import Checker, prepare
from services.spellchecker_service.handlers import router
from services.spellchecker_service.tests.conftest import a_request

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("route", list(router), ids=lambda route: route.event_type.name)
async def test_the_recorded_messages_can_be_heard(route: Route) -> None:
    model = route.event_type.model
    assert isinstance(route.envelope.validate_json(recorded_bytes(model)).data, model)


async def test_everything_said_has_the_recorded_shape(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await prepare(await harness.container.get(Checker), harness.transactions)
    await harness.deliver(a_request(await texts.put("We recieved it.")))
    await harness.deliver(a_request(text_id_of("never stored"), file_name="gone.txt"))
    by_topic = {row.topic: row.model for row in EVENTS}
    said = await harness.outgoing()
    assert {by_topic[message.topic] for message in said} == {
        SpellcheckEngineStartedV1,
        SpellcheckPhaseCompletedV1,
        SpellcheckResultV1,
    }
    for message in said:
        assert departures(by_topic[message.topic], message.value or b"") == []
