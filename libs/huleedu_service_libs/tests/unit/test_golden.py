import json
from typing import Any

import pytest

from common_core.events.batch_events import BatchPipelineCompletedV1
from huleedu_service_libs.testing.golden import departures, recorded_bytes

MODEL = BatchPipelineCompletedV1


def message(**changes: Any) -> bytes:
    recorded = json.loads(recorded_bytes(MODEL))
    recorded["data"] |= changes
    return json.dumps(recorded).encode()


def test_other_values_of_the_same_shape_are_no_departure() -> None:
    assert departures(MODEL, message(message="Something else.", failed=[])) == []


@pytest.mark.parametrize(
    ("said", "departure"),
    [
        (message(message=3), ".data.message"),
        (message(new=3), ".data.new"),
        (message(essays=[{"essay_id": "x", "text_id": "y"}]), ".data.essays[].file_name"),
        (
            recorded_bytes(MODEL).replace(b'"schema_version": 1', b'"schema_version": 2'),
            "schema_version",
        ),
    ],
)
def test_a_departure_is_named(said: bytes, departure: str) -> None:
    assert departures(MODEL, said) == [departure]
