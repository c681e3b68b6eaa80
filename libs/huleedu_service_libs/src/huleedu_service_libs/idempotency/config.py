"""How long a lease and a completed record live, and what their keys are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID


@dataclass(frozen=True)
class IdempotencyConfig:
    """Times in seconds.

    A lease ends when its worker's liveness key has gone, at the latest `processing_ttl_seconds`
    after its last extension.

    `handler` tells two handlers of one service apart that consume the same event.
    """

    service_name: str
    default_ttl_seconds: float = 86_400
    processing_ttl_seconds: float = 300
    event_type_ttls: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    handler: str = ""
    heartbeat_seconds: float = 2.0
    liveness_ttl_seconds: float = 6.0
    redelivery_gap_seconds: float = 60.0
    redis_timeout_seconds: float = 2.0

    def __post_init__(self) -> None:
        if not self.service_name:
            raise ValueError("service_name is empty: keys of two services would be the same")
        if self.heartbeat_seconds > min(self.liveness_ttl_seconds, self.processing_ttl_seconds) / 3:
            raise ValueError(
                f"heartbeat_seconds={self.heartbeat_seconds} must be at most a third of"
                " liveness_ttl_seconds and of processing_ttl_seconds"
            )
        if self.liveness_ttl_seconds > self.processing_ttl_seconds:
            raise ValueError("liveness_ttl_seconds must be at most processing_ttl_seconds")
        shortest = min([self.default_ttl_seconds, *self.event_type_ttls.values()])
        if shortest < self.redelivery_gap_seconds:
            raise ValueError(
                f"a completed TTL of {shortest} s is shorter than the normal redelivery gap of"
                f" {self.redelivery_gap_seconds} s"
            )

    @property
    def consumer_name(self) -> str:
        return f"{self.service_name}.{self.handler}" if self.handler else self.service_name

    def key(self, event_id: UUID) -> str:
        """The Redis key of an event's record. It depends on the consumer and the event id only."""
        return f"huleedu:event:{self.consumer_name}:{event_id}"

    def counter_key(self, event_id: UUID) -> str:
        """Where failed attempts and crashes are counted; absent while there were none."""
        return f"huleedu:attempts:{self.consumer_name}:{event_id}"

    @property
    def liveness_prefix(self) -> str:
        return f"huleedu:worker:{self.service_name}:"

    def completed_ttl_seconds(self, event_type: str) -> float:
        return self.event_type_ttls.get(event_type, self.default_ttl_seconds)
