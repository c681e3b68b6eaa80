"""What happened to an event, for whoever wants to know: metrics, logs, tests."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Outcome(StrEnum):
    DONE = "done"
    """Its effect is committed."""
    DUPLICATE = "duplicate"
    """Its effect was committed before, or it is a dead letter already."""
    DEAD_LETTERED = "dead_lettered"
    RETRY = "retry"
    """This attempt failed; there will be another one."""
    IN_PROGRESS = "in_progress"
    """Another worker has it; we look again."""


class Handled(NamedTuple):
    outcome: Outcome
    topic: str
    partition: int
    offset: int
    event_type: str
    event_id: UUID | None
    correlation_id: UUID | None
    attempt: int
    seconds: float
    error: BaseException | None = None
    retry_after: float | None = None
    lease_wait: float | None = None
    """Seconds it had waited for another worker, where it had."""
    recovered: bool = False
    """Its lease was taken over from a dead worker."""
    degraded: bool = False
    """It ran without a lease, for Redis did not answer."""

    @property
    def resolved(self) -> bool:
        """Whether the offset may pass."""
        return self.outcome in (Outcome.DONE, Outcome.DUPLICATE, Outcome.DEAD_LETTERED)


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How a consumer is doing now."""

    assigned: bool
    pending: int
    """Events read and not resolved."""
    blocked_lanes: int
    """Keys whose first event has failed or is held by another worker."""
    longest_block_seconds: float
    oldest_unresolved_seconds: float
    """Since the oldest of the events not resolved was read."""
    seconds_since_poll: float
    leases: int
    degraded: bool
    """Redis did not answer the last time it was asked."""


Observe = Callable[[Handled], None]
