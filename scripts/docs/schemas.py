"""JSON Schema of each event as it lies on its topic: the envelope with the data in it."""

from typing import Any

from common_core.events.envelope import EventEnvelope
from common_core.topics import EVENTS, EventType

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(row: EventType) -> Schema:
    """What a reader must accept. A reader ignores fields that it does not know."""
    model = EventEnvelope[row.model]  # type: ignore[name-defined]  # pydantic builds the class at run time
    schema = model.model_json_schema(mode="validation")
    schema["properties"]["event_type"]["const"] = row.name
    return {
        "$schema": DIALECT,
        **schema,
        "title": row.name,
        "description": (row.model.__doc__ or "").strip(),
    }


def schemas() -> dict[str, Schema]:
    """By topic."""
    return {row.topic: schema_of(row) for row in EVENTS}
