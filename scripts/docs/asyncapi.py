"""The AsyncAPI document: every topic, what lies on it, who sends and who receives it."""

import json
from typing import Any

from common_core.topics import EVENTS, PARTITIONS, EventType

_HEADERS = ("event_id", "event_type", "correlation_id", "source_service", "schema_version")


def document(hears: dict[str, list[str]]) -> str:
    """As JSON; `hears` has the consumers by topic."""
    described = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "HuleEdu",
            "version": "1.0.0",
            "description": (
                "The events between the services. Each comes at least once, in order within its"
                " key, and is known by its event_id; what a consumer cannot handle lies on the"
                " topic's name with .dlq appended."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {row.name: _channel(row) for row in EVENTS},
        "operations": {
            name: operation
            for row in EVENTS
            for name, operation in _operations(row, hears.get(row.topic, []))
        },
        "components": {
            "messages": {row.name: _message(row) for row in EVENTS},
            "schemas": {"headers": _headers()},
        },
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _channel(row: EventType) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": row.topic,
        "messages": {row.name: {"$ref": f"#/components/messages/{row.name}"}},
        "bindings": {"kafka": {"topic": row.topic, "partitions": PARTITIONS}},
    }
    if row.reason is not None:
        channel["description"] = f"No service here receives it: {row.reason}."
    return channel


def _operations(row: EventType, listeners: list[str]) -> list[tuple[str, dict[str, Any]]]:
    senders = [("send", producer) for producer in row.producers]
    roles = [*senders, *(("receive", listener) for listener in listeners)]
    return [
        (
            f"{service}.{action}.{row.name}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{row.name}"},
                "tags": [{"name": service}],
            },
        )
        for action, service in roles
    ]


def _message(row: EventType) -> dict[str, Any]:
    return {
        "name": row.name,
        "summary": (row.model.__doc__ or "").strip().partition("\n")[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "correlationId": {"location": "$message.header#/correlation_id"},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"events/{row.topic}.json"},
        },
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(_HEADERS),
        "properties": {
            **{name: {"type": "string"} for name in _HEADERS},
            "causation_id": {
                "type": "string",
                "description": "the event_id of what it follows from, if an event caused it",
            },
        },
    }
