"""The recorded messages of common_core, for the contract tests of who says and who hears them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import common_core
from common_core.events.envelope import EventData
from common_core.topics import event_type_of

FOLDER = Path(common_core.__file__).parents[2] / "tests" / "contract" / "golden"
_FIXED = ("event_type", "source_service", "schema_version")


def recorded_bytes(model: type[EventData]) -> bytes:
    """The message on record for an event, as it would lie in Kafka."""
    return (FOLDER / f"{event_type_of(model).topic}.json").read_bytes()


def departures(model: type[EventData], said: bytes) -> list[str]:
    """Where a message departs from the one on record: fields, types, and what never varies.

    Null stands for any type, and an empty list for a list of anything.
    """
    recorded = json.loads(recorded_bytes(model))
    message = json.loads(said)
    varied = [name for name in _FIXED if message.get(name) != recorded[name]]
    return [*varied, *_differences("", recorded, message)]


def _differences(place: str, recorded: Any, said: Any) -> Iterator[str]:
    match recorded, said:
        case dict(), dict():
            for name in recorded.keys() | said.keys():
                if name not in recorded or name not in said:
                    yield f"{place}.{name}"
                else:
                    yield from _differences(f"{place}.{name}", recorded[name], said[name])
        case list(), list():
            for item in said if recorded else ():
                yield from _differences(f"{place}[]", recorded[0], item)
        case (None, _) | (_, None) | (int() | float(), int() | float()):
            return
        case _:
            if type(recorded) is not type(said):
                yield place
