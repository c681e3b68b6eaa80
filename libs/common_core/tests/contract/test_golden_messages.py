"""One recorded message per event: what is on the topics today must be understood for ever."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from common_core.events.envelope import EventEnvelope
from common_core.topics import EVENTS, EventType, event_type_named, event_type_of, key_of

GOLDEN = Path(__file__).parent / "golden"


def recorded(row: EventType) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((GOLDEN / f"{row.topic}.json").read_text("utf-8"))
    return message


@pytest.mark.parametrize("row", EVENTS, ids=lambda row: row.name)
def test_a_recorded_message_is_read_and_written_back_the_same(row: EventType) -> None:
    message = recorded(row)
    envelope = EventEnvelope[row.model].model_validate(message)  # type: ignore[name-defined]
    assert envelope.model_dump(mode="json") == message
    assert envelope.event_type == row.name
    assert envelope.source_service in row.producers
    assert key_of(envelope.data)


@pytest.mark.parametrize("row", EVENTS, ids=lambda row: row.name)
def test_a_field_that_is_not_known_yet_does_not_disturb_a_reader(row: EventType) -> None:
    message = recorded(row)
    message["from_the_future"] = 1
    message["data"]["from_the_future"] = {"nested": True}
    EventEnvelope[row.model].model_validate(message)  # type: ignore[name-defined]


@pytest.mark.parametrize("row", EVENTS, ids=lambda row: row.name)
def test_the_recorded_message_shows_every_field(row: EventType) -> None:
    assert set(recorded(row)["data"]) == set(row.model.model_fields)


def test_every_recorded_message_belongs_to_an_event() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {row.topic for row in EVENTS}


def test_each_event_has_a_topic_of_its_own_with_a_name_of_the_agreed_shape() -> None:
    topics = [row.topic for row in EVENTS]
    assert len(set(topics)) == len(topics)
    assert all(
        re.fullmatch(r"huleedu\.(all|bos|bcs|content|els|spell|cj|ras)\.[a-z-]+\.v\d+", topic)
        for topic in topics
    )


def test_an_event_can_be_looked_up_by_class_and_by_name() -> None:
    assert all(
        event_type_of(row.model) is row and event_type_named(row.name) is row for row in EVENTS
    )
    with pytest.raises(KeyError):
        event_type_named("NeverHeardOfV1")


def test_events_are_immutable() -> None:
    def frozen(model: type[BaseModel]) -> bool:
        return bool(model.model_config.get("frozen"))

    assert all(frozen(row.model) for row in EVENTS)
