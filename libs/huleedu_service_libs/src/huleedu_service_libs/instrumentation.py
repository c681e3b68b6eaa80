"""Spans and log context around each event; counters and log lines from what the engine reports."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind

from common_core.events.envelope import EventData, EventEnvelope
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.identity import Message

_tracer = trace.get_tracer("huleedu.consumer")


@contextmanager
def handling(message: Message, event: EventEnvelope[EventData]) -> Iterator[None]:
    """A consumer span below the producer's, and the correlation id on every log line within."""
    carrier = {
        name: value.decode("ascii", "replace")
        for name, value in message.headers
        if name in ("traceparent", "tracestate", "baggage")
    }
    with (
        structlog.contextvars.bound_contextvars(
            correlation_id=str(event.correlation_id), event_type=event.event_type
        ),
        _tracer.start_as_current_span(
            f"{message.topic} process",
            context=propagate.extract(carrier),
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.system": "kafka",
                "messaging.destination.name": message.topic,
                "messaging.message.id": str(event.event_id),
                "messaging.kafka.message.offset": message.offset,
            },
        ),
    ):
        yield


_log = structlog.get_logger("huleedu.events")

_LEVELS = {
    Outcome.DONE: "info",
    Outcome.DUPLICATE: "info",
    Outcome.IN_PROGRESS: "debug",
    Outcome.RETRY: "warning",
    Outcome.DEAD_LETTERED: "error",
}


def log_handled(handled: Handled) -> None:
    """One line per attempt."""
    getattr(_log, _LEVELS[handled.outcome])(
        f"event {handled.outcome.value}",
        event_type=handled.event_type,
        event_id=str(handled.event_id),
        correlation_id=str(handled.correlation_id),
        topic=handled.topic,
        partition=handled.partition,
        offset=handled.offset,
        attempt=handled.attempt,
        seconds=round(handled.seconds, 4),
        error=None if handled.error is None else repr(handled.error),
        exc_info=handled.error if handled.outcome is Outcome.DEAD_LETTERED else None,
    )


def connection_lost(part: str, error: BaseException) -> None:
    _log.warning("connection lost", part=part, error=repr(error))


def row_refused(topic: str, row_id: int, error: BaseException | None) -> None:
    _log.error("outgoing event refused", topic=topic, row=row_id, error=repr(error))


def sharing_failed(events: int, error: BaseException) -> None:
    """They are tried one by one, which tells whose error it is."""
    _log.info("shared transaction failed", events=events, error=repr(error))
