"""Spans and log context around each event; counters and log lines from what the engine reports."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import structlog
from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import SpanKind
from structlog.contextvars import bind_contextvars, reset_contextvars

from common_core.events.envelope import EventData, EventEnvelope
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.tracing import recording

_tracer = trace.get_tracer("huleedu.consumer")


@contextmanager
def handling(message: Message, event: EventEnvelope[EventData]) -> Iterator[None]:
    """A consumer span below the producer's, and the correlation id on every log line within."""
    carrier = {
        name: value.decode("ascii", "replace")
        for name, value in message.headers
        if name in ("traceparent", "tracestate", "baggage")
    }
    context = propagate.extract(carrier) if carrier else None
    bound = bind_contextvars(correlation_id=str(event.correlation_id), event_type=event.event_type)
    try:
        with _span(message, event, context) if recording() else _within(context):
            yield
    finally:
        reset_contextvars(**bound)


def _span(
    message: Message, event: EventEnvelope[EventData], context: Context | None
) -> AbstractContextManager[object]:
    return _tracer.start_as_current_span(
        f"{message.topic} process",
        context=context,
        kind=SpanKind.CONSUMER,
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": message.topic,
            "messaging.message.id": str(event.event_id),
            "messaging.kafka.message.offset": message.offset,
        },
    )


def _within(context: Context | None) -> AbstractContextManager[object]:
    return nullcontext() if context is None else _attached(context)


@contextmanager
def _attached(context: Context) -> Iterator[None]:
    token = attach(context)
    try:
        yield
    finally:
        detach(token)


_EVENTS = "huleedu.events"
_log = structlog.get_logger(_EVENTS)
_level = logging.getLogger(_EVENTS)

_LEVELS = {
    Outcome.DONE: logging.INFO,
    Outcome.DUPLICATE: logging.INFO,
    Outcome.IN_PROGRESS: logging.DEBUG,
    Outcome.RETRY: logging.WARNING,
    Outcome.DEAD_LETTERED: logging.ERROR,
}


def log_handled(handled: Handled) -> None:
    """One line per attempt."""
    level = _LEVELS[handled.outcome]
    if not _level.isEnabledFor(level):
        return
    _log.log(
        level,
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
