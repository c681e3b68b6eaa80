"""What this service hears and says is what is on record."""

import pytest

from common_core.topics import EVENTS
from huleedu_service_libs.routing import Route
from huleedu_service_libs.testing.golden import departures, recorded_bytes
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts
from services.cj_assessment_service.handlers import router
from services.cj_assessment_service.tests.conftest import essay, take

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("route", list(router), ids=lambda route: route.event_type.name)
async def test_the_recorded_messages_can_be_heard(route: Route) -> None:
    model = route.event_type.model
    assert isinstance(route.envelope.validate_json(recorded_bytes(model)).data, model)


async def test_everything_said_has_the_recorded_shape(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    essays = [essay(number) for number in range(8)]
    grades = {number: "ABC"[number % 3] for number in range(6)}
    await take(harness, texts, essays, scale=("A", "B", "C"), anchors=grades)
    by_topic = {row.topic: row for row in EVENTS}
    said = await harness.outgoing()
    assert {message.topic for message in said} == {
        row.topic for row in EVENTS if row.producer == "cj_assessment_service"
    }
    for message in said:
        assert departures(by_topic[message.topic].model, message.value or b"") == []
