"""What follows a failed attempt.

Another one after a pause, or the dead letters. A pure decision.
"""

import random
from dataclasses import dataclass

from huleedu_service_libs.errors import EventInProgress, Kind, TemporaryError, kind_of


@dataclass(frozen=True)
class RetryPolicy:
    """Times in seconds. Pauses double from `first_pause` to `longest_pause`, with jitter."""

    first_pause: float = 0.2
    longest_pause: float = 10.0
    held_pause: float = 0.5
    """How soon to look again at an event that another worker has."""
    max_failures: int = 5
    """Attempts that end in an unknown error, before the event becomes a dead letter."""
    crashes_in_company: int = 2
    """Attempts that may take their worker with them before the event is handled alone: with others
    under way nobody knows which of them it was."""
    max_crashes: int = 5
    """Attempts that take their worker with them, before the event becomes a dead letter."""
    temporary_budget: float = 900.0
    """How long a `TemporaryError` may go on."""


@dataclass(slots=True)
class History:
    """What this worker has seen of one event so far."""

    tries: int = 0
    failures: int = 0
    first_try_at: float | None = None
    held_since: float | None = None
    """Since when another worker has had it."""

    def lease_wait(self, now: float, *, held: bool) -> float | None:
        """After an attempt that began `now`: how long others had the event, if that is over."""
        if held:
            self.held_since = now if self.held_since is None else self.held_since
            return None
        since, self.held_since = self.held_since, None
        return None if since is None else now - since


def pause_after(
    error: BaseException, history: History, *, now: float, policy: RetryPolicy
) -> float | None:
    """Seconds until the next attempt; None if there is none and the event is a dead letter."""
    kind = kind_of(error)
    waited = now - (history.first_try_at if history.first_try_at is not None else now)
    if (
        kind is Kind.PERMANENT
        or (kind is Kind.UNKNOWN and history.failures >= policy.max_failures)
        or (kind is Kind.TEMPORARY and waited >= policy.temporary_budget)
    ):
        return None
    if isinstance(error, EventInProgress):
        return min(policy.held_pause, error.retry_after_seconds)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        return error.retry_after
    pause = min(policy.longest_pause, policy.first_pause * 2.0 ** min(history.tries - 1, 16))
    return pause * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, hides nothing
