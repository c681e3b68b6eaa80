"""The names of all metrics, in one place. Labels have few values: no ids, no file names."""

import asyncio
from collections.abc import Callable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.handled import ConsumerState, Handled, Outcome

EVENTS = Counter(
    "huleedu_events_total", "Attempts to handle an event, by outcome", ["event_type", "outcome"]
)
EVENT_SECONDS = Histogram(
    "huleedu_event_seconds",
    "How long an attempt to handle an event took",
    ["event_type"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
LEASE_WAIT_SECONDS = Histogram(
    "huleedu_lease_wait_seconds",
    "How long an event waited because another worker had it",
    buckets=(0.5, 1, 2.5, 5, 10, 15, 30, 60, 300),
)
LOOP_LAG = Gauge("huleedu_event_loop_lag_seconds", "How late the event loop wakes up")
OUTBOX_AGE = Gauge("huleedu_outbox_oldest_seconds", "Age of the oldest event not yet sent")
OUTBOX_ROWS = Gauge("huleedu_outbox_rows", "Events not yet sent")
DEAD_LETTERS = Gauge("huleedu_dead_letters", "Events set aside until somebody decides")

ASSIGNED = Gauge("huleedu_consumer_assigned", "Whether the consumer takes part in its group")
PENDING = Gauge("huleedu_consumer_pending_events", "Events read and not resolved")
BLOCKED_LANES = Gauge(
    "huleedu_consumer_blocked_lanes", "Keys whose first event waits to be retried"
)
LONGEST_BLOCK = Gauge("huleedu_consumer_longest_block_seconds", "How long a key has been blocked")
OLDEST_UNRESOLVED = Gauge(
    "huleedu_consumer_oldest_unresolved_seconds", "Since the oldest unresolved event was read"
)
POLL_AGE = Gauge("huleedu_consumer_poll_age_seconds", "Since the poll loop last came round")
LEASES = Gauge("huleedu_consumer_leases", "Events this worker holds a lease for")
DEGRADED = Gauge("huleedu_consumer_degraded", "Whether Redis is away and the inbox alone decides")

_BACKLOG = text(
    "SELECT count(*) AS waiting,"
    " coalesce(extract(epoch FROM now() - min(created_at)), 0) AS age,"
    " (SELECT count(*) FROM dead_letters WHERE status = 'dead') AS dead FROM outbox"
)


@cache
def _events(event_type: str, outcome: Outcome) -> Counter:
    return EVENTS.labels(event_type, outcome.value)


@cache
def _event_seconds(event_type: str) -> Histogram:
    return EVENT_SECONDS.labels(event_type)


def count_handled(handled: Handled) -> None:
    _events(handled.event_type, handled.outcome).inc()
    _event_seconds(handled.event_type).observe(handled.seconds)
    if handled.lease_wait is not None:
        LEASE_WAIT_SECONDS.observe(handled.lease_wait)


def watch(state: Callable[[], ConsumerState]) -> None:
    """Show the consumer's state whenever metrics are read."""
    ASSIGNED.set_function(lambda: float(state().assigned))
    PENDING.set_function(lambda: float(state().pending))
    BLOCKED_LANES.set_function(lambda: float(state().blocked_lanes))
    LONGEST_BLOCK.set_function(lambda: state().longest_block_seconds)
    OLDEST_UNRESOLVED.set_function(lambda: state().oldest_unresolved_seconds)
    POLL_AGE.set_function(lambda: state().seconds_since_poll)
    LEASES.set_function(lambda: float(state().leases))
    DEGRADED.set_function(lambda: float(state().degraded))


async def measure(engine: AsyncEngine | None, seconds: float = 5.0) -> None:
    """Keep the gauges that nobody pushes up to date, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + seconds
        await asyncio.sleep(seconds)
        LOOP_LAG.set(max(0.0, loop.time() - due))
        if engine is not None:
            try:
                async with engine.connect() as connection:
                    row = (await connection.execute(_BACKLOG)).one()
            except (SQLAlchemyError, OSError):
                continue  # the readiness check says so; the gauges keep their last values
            OUTBOX_ROWS.set(row.waiting)
            OUTBOX_AGE.set(row.age)
            DEAD_LETTERS.set(row.dead)
