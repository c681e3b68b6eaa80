"""What a batch is waiting for, since when, and what to do about it.

Two readers: the teacher gets the sentence, the engineer the troubles beneath it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from common_core.domain_enums import BatchStatus
from common_core.http_models import BatchProgress, PhaseProgress, ServiceCondition
from services.api_gateway_service.domain.bodies import Trouble, Waiting

_PATIENCE = timedelta(minutes=2)
"""A batch at work that shows nothing new for this long deserves a look."""
_SILENT_SECONDS = 20.0
_BLOCKED_SECONDS = 20.0
_UNSENT_SECONDS = 10.0

_UPLOAD = "Upload them; when the time for uploads is over, the work begins with what is there."
_NOTHING_NEW = "Look at the troubles below; without any, `huleedu trace` shows the last step."


def waiting(
    progress: BatchProgress,
    now: datetime,
    conditions: Sequence[ServiceCondition],
    silent: Iterable[str],
) -> Waiting:
    """From the read model, and from what the services say of themselves; `silent` say nothing."""
    troubles = tuple(_troubles(conditions, silent))
    if progress.status.ended and progress.results_ready:
        troubles = tuple(trouble for trouble in troubles if trouble.of_batch)
    what, advice = _what(progress, now)
    if troubles and not progress.status.ended:
        what, advice = f"{what} {_hindered(troubles)}", troubles[0].advice
    return Waiting(sentence=what, since=progress.updated_at, advice=advice, troubles=troubles)


def unheard_of(created_at: datetime, now: datetime, silent: Iterable[str]) -> Waiting:
    """Of a batch that is registered and that the read model does not know yet."""
    troubles = tuple(_troubles([], silent))
    late = now - created_at >= _PATIENCE
    return Waiting(
        sentence=f"The batch is registered{_since(created_at, now)}; nothing has been seen of it"
        " yet.",
        since=created_at,
        advice=_NOTHING_NEW if late else None,
        troubles=troubles,
    )


def _what(progress: BatchProgress, now: datetime) -> tuple[str, str | None]:
    """The sentence, and what to do if nothing else is wrong."""
    if progress.status.ended and progress.results_ready:
        return progress.message, None
    since = _since(progress.updated_at, now)
    late = _NOTHING_NEW if now - progress.updated_at >= _PATIENCE else None
    if progress.status.ended:
        return f"It has ended{since}, and the results are being collected.", late
    running = next((phase for phase in progress.phases if phase.status == "running"), None)
    if running is not None and not (progress.paused or progress.waiting_for_people):
        return f"{_open(running)}, with no step{since}.", late
    return f"{progress.message.removesuffix('.')}{since}.", _ours(progress) or late


def _ours(progress: BatchProgress) -> str | None:
    """What the owner of the batch can do; None if it is not the owner's turn."""
    if progress.paused:
        return "Resume it when it may go on."
    if progress.waiting_for_people:
        return "Ask those who compare, or finish with the comparisons there are."
    awaiting = progress.status is BatchStatus.AWAITING_ESSAYS
    return _UPLOAD if awaiting and progress.essays_received < progress.essays_expected else None


def _open(phase: PhaseProgress) -> str:
    if phase.total == 0:
        return f"{phase.title} is under way, and its first step is not done"
    return f"{phase.title} is under way: {phase.total - phase.done} of {phase.total} are open"


def _since(then: datetime, now: datetime) -> str:
    seconds = max((now - then).total_seconds(), 0)
    if seconds < 60:  # noqa: PLR2004 - a minute
        ago = f"{seconds:.0f} s ago"
    elif seconds < 3600:  # noqa: PLR2004 - an hour
        ago = f"{seconds / 60:.0f} min ago"
    else:
        ago = f"{seconds / 3600:.0f} h ago"
    return f" since {then:%H:%M:%S} UTC ({ago})"


def _hindered(troubles: Sequence[Trouble]) -> str:
    return f"Something is wrong: {troubles[0].what}."


def _troubles(conditions: Sequence[ServiceCondition], silent: Iterable[str]) -> Iterator[Trouble]:
    """What concerns the batch itself first."""
    for each in conditions:
        yield from _set_aside(each)
    for service in silent:
        yield Trouble(
            service=service,
            what=f"{service} does not answer",
            advice=f"See whether {service} runs: `huleedu doctor`, its log, its memory limit.",
        )
    for each in conditions:
        yield from _stuck(each)


def _unsent(count: int) -> str:
    return "1 event that was" if count == 1 else f"{count} events that were"


def _set_aside(condition: ServiceCondition) -> Iterator[Trouble]:
    for letter in condition.dead_letters:
        yield Trouble(
            service=condition.service,
            what=f"{condition.service} could not handle {letter.event_type or 'a message'}"
            f" and set it aside at {letter.since:%H:%M:%S} UTC",
            advice=f"`huleedu dead-letters show {condition.service} {letter.id}` says why"
            f" ({letter.cause[:200]}); repair that, then `replay` it.",
            of_batch=True,
        )


def _stuck(condition: ServiceCondition) -> Iterator[Trouble]:
    service = condition.service
    if condition.consuming is False or condition.silent_seconds > _SILENT_SECONDS:
        yield Trouble(
            service=service,
            what=f"{service} takes no events (for {condition.silent_seconds:.0f} s)",
            advice=f"See in the log of {service} why its consumer is not in its group;"
            " is the broker up?",
        )
    if condition.unsent_seconds > _UNSENT_SECONDS:
        yield Trouble(
            service=service,
            what=f"{service} has {_unsent(condition.unsent)} not sent, the oldest for"
            f" {condition.unsent_seconds:.0f} s",
            advice=f"See in the log of {service} what stops its relay; is the broker up?",
            of_batch=condition.unsent_of_batch > 0,
        )
    if condition.blocked_seconds > _BLOCKED_SECONDS:
        yield Trouble(
            service=service,
            what=f"{service} has tried an event again and again for"
            f" {condition.blocked_seconds:.0f} s",
            advice=f"See `event retry` in the log of {service}: it names the error.",
        )
