"""What can go wrong with an event, told apart by what helps.

A handler raises `TemporaryError` where trying again may help, `PermanentError` where it never will.
Anything else it raises is unknown: tried a few times, then dead-lettered. The other types are
raised by the engine.
"""

import asyncio
from enum import Enum, auto

import asyncpg
import sqlalchemy.exc


class TemporaryError(Exception):
    """Trying again helps, not before `retry_after` seconds have passed (None.

    The usual back-off).
    """

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(Exception):
    """Trying again never helps: the event goes to the dead letters at once."""


class PoisonMessage(PermanentError):  # noqa: N818 - it names the message, as the field does
    """Bytes that are no event of this topic: no id, ids that differ, or an unreadable body."""


class PayloadConflict(PermanentError):  # noqa: N818 - as above
    """A known event id with another payload."""


class EventInProgress(Exception):  # noqa: N818 - not a failure: somebody else is at it
    """Another worker holds the lease of this event."""

    def __init__(self, key: str, *, worker: str, retry_after_seconds: float) -> None:
        super().__init__(f"{key} is being handled by {worker}")
        self.retry_after_seconds = retry_after_seconds
        self.worker = worker


class UnconfirmedEvent(Exception):  # noqa: N818 - it names the event, as the field does
    """A handler returned without its effect being committed and confirmed."""


class LeaseLost(Exception):  # noqa: N818 - as above
    """The worker's lease has gone to another one or has expired; its commit was refused."""


class LeasesUnavailable(Exception):  # noqa: N818 - as above
    """Redis did not answer: nothing is known about who may handle the event."""


class CommitOutcomeUnknown(Exception):  # noqa: N818 - as above
    """The connection was lost during COMMIT: the redelivery settles it through the inbox."""


class DatabaseUnavailable(Exception):  # noqa: N818 - as above
    """No connection to the database could be had; the handler was not called."""


class MustBeAlone(Exception):  # noqa: N818 - as above
    """The event has taken its worker with it before: it is tried while nothing else is."""


class Kind(Enum):
    """What helps against an error."""

    WAITING = auto()
    """The surroundings are at fault, not the event: try again for as long as it takes."""
    TEMPORARY = auto()
    """The handler says that trying again helps: try again within the retry budget."""
    UNKNOWN = auto()
    """Nobody knows: try a few times."""
    PERMANENT = auto()
    """Nothing helps."""


_RETRIABLE_SQLSTATES = ("08", "40", "53", "55P03", "57")
"""Connection lost, conflict, out of resources, lock not available, shut down or cancelled."""


def kind_of(error: BaseException) -> Kind:
    if isinstance(error, PermanentError):
        return Kind.PERMANENT
    if isinstance(error, TemporaryError):
        return Kind.TEMPORARY
    if isinstance(
        error,
        EventInProgress
        | LeaseLost
        | LeasesUnavailable
        | CommitOutcomeUnknown
        | DatabaseUnavailable
        | MustBeAlone,
    ) or _database_is_at_fault(error):
        return Kind.WAITING
    return Kind.UNKNOWN


def counts(error: BaseException) -> bool:
    """Whether a failed attempt counts against the event."""
    return not isinstance(error, asyncio.CancelledError) and kind_of(error) is Kind.UNKNOWN


def _database_is_at_fault(error: BaseException) -> bool:
    if isinstance(error, sqlalchemy.exc.TimeoutError | asyncpg.InterfaceError):
        return True
    if not isinstance(error, sqlalchemy.exc.DBAPIError | asyncpg.PostgresError):
        return False
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate).startswith(_RETRIABLE_SQLSTATES)
    return isinstance(error, sqlalchemy.exc.InterfaceError) or getattr(
        error, "connection_invalidated", False
    )


def server_is_lost(error: BaseException) -> bool:
    """Whether it tells of a database that is not there, or goes; not of what one has refused."""
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return sqlstate is None or str(sqlstate).startswith(("08", "57P"))
