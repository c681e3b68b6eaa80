"""Events that caused one another, as a tree with their times."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from huleedu_cli.terminal import visible
from huleedu_service_libs.trail import Said


def tree(events: Iterable[Said]) -> Iterator[str]:
    """Lines: each event below what caused it, in order of time.

    To the right: when it was said, how long after its cause, and how long it lay in the outbox.
    """
    known: dict[UUID, Said] = {}
    aside: dict[UUID, list[str]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.said_at, event.sent_at)):
        if event.set_aside_by is not None:
            aside[event.event_id].append(event.set_aside_by)
        known.setdefault(event.event_id, event)
    below: dict[UUID | None, list[Said]] = defaultdict(list)
    for event in known.values():
        below[event.cause if event.cause in known else None].append(event)

    pending = [(event, 0) for event in reversed(below[None])]
    while pending:
        event, depth = pending.pop()
        yield _line(event, known.get(event.cause) if event.cause else None, depth)
        for consumer in aside[event.event_id]:
            yield visible(f"{_INDENT * (depth + 1)}! set aside by {consumer}")
        pending += [(each, depth + 1) for each in reversed(below[event.event_id])]


_INDENT = "  "
_WIDTH = 56


def _line(event: Said, cause: Said | None, depth: int) -> str:
    what = f"{_INDENT * depth}{event.event_type}"
    after = f"+{_seconds(cause.said_at, event.said_at)}" if cause else ""
    outbox = f"sent after {_seconds(event.said_at, event.sent_at)}"
    at = event.said_at.strftime("%H:%M:%S.%f")[:-3]
    return visible(f"{what:<{_WIDTH}} {at}  {after:>10}  {outbox}  {event.service}")


def _seconds(first: datetime, second: datetime) -> str:
    return f"{max((second - first).total_seconds(), 0):.3f} s"
