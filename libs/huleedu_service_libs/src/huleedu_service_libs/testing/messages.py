"""Messages as they lie in Kafka, made from events."""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from common_core.events.envelope import EventData, EventEnvelope, envelop, headers
from common_core.topics import event_type_of

Data = TypeVar("Data", bound=EventData)

_offsets = itertools.count()


@dataclass(frozen=True)
class StoredMessage:
    """A record of a topic, with what the engine reads of one."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def envelope_of(
    data: Data,
    *,
    event_id: UUID | None = None,
    correlation_id: UUID | None = None,
    source_service: str = "test",
) -> EventEnvelope[Data]:
    return envelop(
        data,
        event_id=event_id or uuid.uuid4(),
        source_service=source_service,
        correlation_id=correlation_id or uuid.uuid4(),
    )


def message_of(event: EventEnvelope[Data], *, offset: int | None = None) -> StoredMessage:
    """The event as its producer's relay would have written it; a new offset each time."""
    event_type = event_type_of(type(event.data))
    return StoredMessage(
        topic=event_type.topic,
        partition=0,
        offset=next(_offsets) if offset is None else offset,
        key=str(event_type.key(event.data)).encode(),
        value=event.model_dump_json().encode(),
        headers=headers(event),
    )
