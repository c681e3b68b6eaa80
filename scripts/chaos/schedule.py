"""Which fault comes when: drawn from the seed, so that a seed is a run one can repeat."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    KILL = "kill -9"
    TERMINATE = "SIGTERM, and a new start"
    FREEZE = "SIGSTOP for longer than session and leases last"
    VISIT = "one worker more for a while"
    FLUSH = "Redis forgets everything"
    REDIS = "Redis is killed and starts again"
    SLOW = "Redis is slow"
    POSTGRES = "PostgreSQL is stopped at once and starts again"
    BROKER = "the broker is killed and starts again"
    DEADLY = "an event that kills its worker"


TO_A_PROCESS = frozenset({Fault.KILL, Fault.TERMINATE, Fault.FREEZE})
TO_A_GROUP = frozenset({Fault.VISIT, Fault.DEADLY})
"""What the eight services have no use for: each is one member, and knows no deadly event."""

_SECONDS = {
    Fault.FREEZE: (8.0, 14.0),
    Fault.VISIT: (5.0, 15.0),
    Fault.REDIS: (0.0, 6.0),
    Fault.SLOW: (3.0, 8.0),
    Fault.POSTGRES: (0.0, 4.0),
    Fault.BROKER: (0.0, 4.0),
}
_DELAYS = (0.05, 0.3, 3.0)
"""What a packet to Redis takes, the last more than the library waits for an answer."""
_GAP = (1.0, 5.0)
_DEADLY_UNTIL = 0.6
"""Of the run: five deaths and what they delay take their time."""


@dataclass(frozen=True)
class Planned:
    at: float
    """Seconds from the start of the load."""
    fault: Fault
    seconds: float
    """How long it lasts, for those that last."""
    victim: int
    """Which process, modulo their number."""
    delay: float

    def __str__(self) -> str:
        lasting = f", {self.seconds:.1f} s" if self.fault in _SECONDS else ""
        slow = f", {self.delay:g} s a packet" if self.fault is Fault.SLOW else ""
        return f"{self.fault}{lasting}{slow}"


def schedule(seed: int, seconds: float, faults: Sequence[Fault]) -> tuple[Planned, ...]:
    """Rounds of all these faults, each round in an order of its own, over so many seconds."""
    draw = random.Random(f"faults {seed}")  # noqa: S311 - to be repeated, not to be secret
    return tuple(_draw(draw, seconds, faults))


def _draw(draw: random.Random, seconds: float, faults: Sequence[Fault]) -> Iterator[Planned]:
    at = 1.0
    while True:
        for fault in draw.sample(faults, len(faults)):
            at += draw.uniform(*_GAP)
            if at >= seconds:
                return
            lasting = draw.uniform(*_SECONDS.get(fault, (0.0, 0.0)))
            planned = Planned(at, fault, lasting, draw.randrange(1_000), draw.choice(_DELAYS))
            if fault is not Fault.DEADLY or at < seconds * _DEADLY_UNTIL:
                yield planned
