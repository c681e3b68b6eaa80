"""What the result aggregator hears and says, against the recorded messages."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.result_events import BatchResultsReadyV1
from common_core.topics import EVENTS, event_type_of
from huleedu_service_libs.routing import Route
from services.result_aggregator_service.domain.heard import fact_id, gather
from services.result_aggregator_service.domain.results import ready_runs
from services.result_aggregator_service.handlers import router
from services.result_aggregator_service.tests.scenario import Scenario, facts

GOLDEN = Path(__file__).parents[4] / "libs/common_core/tests/contract/golden"


def recorded(topic: str) -> Any:
    return json.loads((GOLDEN / f"{topic}.json").read_text("utf-8"))


FACTS = [route for route in router if route.event_type.model is not BatchDeletedV1]


@pytest.mark.parametrize("route", FACTS, ids=lambda route: route.event_type.name)
def test_recorded_message_is_a_fact_with_a_name_of_its_own(route: Route) -> None:
    message = recorded(route.event_type.topic)
    event: Any = route.envelope.validate_python(message)

    first, second = fact_id(event.data), fact_id(event.data.model_copy(deep=True))

    assert first == second
    message["data"]["batch_id"] = str(UUID(int=7))
    other: Any = route.envelope.validate_python(message)
    assert fact_id(other.data) != first


def test_everything_that_tells_of_a_batch_s_state_is_heard() -> None:
    heard = {route.event_type.name for route in router}
    others = {row.name for row in EVENTS} - heard

    assert others == {
        "BatchSpellcheckInitiateCommandV1",
        "BatchCjAssessmentInitiateCommandV1",
        "EssaySpellcheckRequestedV1",
        "CjAssessmentRequestedV1",
        "SpellcheckEngineStartedV1",
        "SpellcheckPhaseCompletedV1",
        "CjAssessmentCompletedV1",
        "CjWaveRequestedV1",
        "BatchResultsReadyV1",
        "BatchDataDeletedV1",
        "BatchDeletionCompletedV1",
    }


def test_announcement_has_the_shape_of_the_recorded_one() -> None:
    batch = gather(facts(Scenario(UUID(int=1)).first_run()))
    assert batch is not None
    [announcement] = ready_runs(batch)

    message = recorded(event_type_of(BatchResultsReadyV1).topic)

    assert set(announcement.model_dump(mode="json")) == set(message["data"])
    assert (
        EventEnvelope[BatchResultsReadyV1].model_validate(message).event_type
        == "BatchResultsReadyV1"
    )
