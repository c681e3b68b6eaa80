"""The one envelope in which every event travels, and the ids that make repeats recognisable."""

from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from common_core.models import WireModel


class EventData(WireModel):
    """Base of everything that is said on a topic."""


DataT = TypeVar("DataT", bound=EventData)
DataT_co = TypeVar("DataT_co", bound=EventData, covariant=True)


class EventEnvelope(BaseModel, Generic[DataT_co]):
    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: UUID
    event_type: str
    event_timestamp: AwareDatetime
    source_service: str
    correlation_id: UUID
    schema_version: int = Field(default=1, ge=1)
    data: DataT_co


def derive_event_id(cause: UUID, event_type: str, discriminator: str = "") -> UUID:
    """The id of an event that follows from `cause`: the same whenever the cause is handled again.

    `discriminator` tells several events of one type and one cause apart.
    """
    return uuid5(cause, f"{event_type}:{discriminator}" if discriminator else event_type)


def envelop(
    data: DataT,
    *,
    event_id: UUID,
    source_service: str,
    correlation_id: UUID,
    timestamp: datetime | None = None,
) -> EventEnvelope[DataT]:
    envelope: EventEnvelope[DataT] = EventEnvelope(
        event_id=event_id,
        event_type=type(data).__name__,
        event_timestamp=timestamp or datetime.now(UTC),
        source_service=source_service,
        correlation_id=correlation_id,
        data=data,
    )
    return envelope


def headers(envelope: EventEnvelope[EventData]) -> list[tuple[str, bytes]]:
    """What stands in the Kafka headers too: a reader can route an event without its body."""
    return [
        ("event_id", str(envelope.event_id).encode()),
        ("event_type", envelope.event_type.encode()),
        ("correlation_id", str(envelope.correlation_id).encode()),
        ("source_service", envelope.source_service.encode()),
        ("schema_version", str(envelope.schema_version).encode()),
    ]
