"""What this service hears is what is on record."""

import pytest

from common_core.events.deletion_events import BatchDataDeletedV1
from common_core.topics import EVENTS
from huleedu_service_libs.routing import Route
from huleedu_service_libs.testing.golden import recorded_bytes
from services.batch_conductor_service.handlers import router


@pytest.mark.parametrize("route", list(router), ids=lambda route: route.event_type.name)
def test_the_recorded_messages_can_be_heard(route: Route) -> None:
    model = route.event_type.model
    assert isinstance(route.envelope.validate_json(recorded_bytes(model)).data, model)


def test_it_says_nothing_but_that_it_has_forgotten_a_batch() -> None:
    said = [row.model for row in EVENTS if "batch_conductor_service" in row.producers]
    assert said == [BatchDataDeletedV1]
