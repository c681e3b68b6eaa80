"""What this service hears and says is what is on record."""

import pytest

from common_core.phases import PHASES
from common_core.topics import EVENTS
from huleedu_service_libs.routing import Route
from huleedu_service_libs.testing.golden import departures, recorded_bytes
from huleedu_service_libs.testing.harness import ServiceHarness
from services.essay_lifecycle_service.handlers import router
from services.essay_lifecycle_service.tests.samples import (
    answer,
    command,
    provisioned,
    registered,
    rejected,
)


@pytest.mark.parametrize("route", list(router), ids=lambda route: route.event_type.name)
def test_the_recorded_messages_can_be_heard(route: Route) -> None:
    model = route.event_type.model
    assert isinstance(route.envelope.validate_json(recorded_bytes(model)).data, model)


async def test_everything_said_has_the_recorded_shape(harness: ServiceHarness) -> None:
    for event in (registered(2), provisioned("a.txt"), rejected("b.pdf"), provisioned("c.txt")):
        await harness.deliver(event)
    for phase in PHASES:
        await harness.deliver(command(phase, 2))
        for request in await harness.emitted(phase.request):
            await harness.deliver(answer(phase, request.data, failing=[1]))
    by_topic = {row.topic: row for row in EVENTS}
    said = await harness.outgoing()
    assert {message.topic for message in said} == {
        row.topic for row in EVENTS if row.producer == "essay_lifecycle_service"
    }
    for message in said:
        assert departures(by_topic[message.topic].model, message.value or b"") == []
