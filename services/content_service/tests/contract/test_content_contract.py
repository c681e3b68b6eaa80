"""What this service says on its topics has the shape that is on record."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from quart import Quart

from common_core.events.envelope import EventData
from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.topics import EVENTS, event_type_of
from huleedu_service_libs.testing.harness import ServiceHarness
from services.content_service.tests.uploading import upload

GOLDEN = Path(__file__).parents[4] / "libs/common_core/tests/contract/golden"
EMITTED = {EssayContentProvisionedV1: b"One essay.", EssayContentRejectedV1: b""}


def shape(value: Any) -> Any:
    """Names and types, without what is said."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value)


@pytest.mark.parametrize("model", EMITTED, ids=lambda model: model.__name__)
async def test_an_emitted_event_has_the_recorded_shape(
    app: Quart, harness: ServiceHarness, model: type[EventData]
) -> None:
    batch = uuid4()
    await upload(app, batch, ("essay_a.txt", EMITTED[model]))
    [message] = await harness.outgoing()
    topic = event_type_of(model).topic
    recorded = json.loads((GOLDEN / f"{topic}.json").read_text("utf-8"))
    assert message.topic == topic
    assert message.key == str(batch).encode()
    assert message.value is not None
    said = json.loads(message.value)
    assert shape(said) == shape(recorded)
    fixed = ("event_type", "source_service", "schema_version")
    assert [said[name] for name in fixed] == [recorded[name] for name in fixed]
    assert dict(message.headers)["event_id"].decode() == said["event_id"]


def test_these_are_all_the_events_that_the_table_gives_to_this_service() -> None:
    assert {row.model for row in EVENTS if row.producer == "content_service"} == set(EMITTED)
