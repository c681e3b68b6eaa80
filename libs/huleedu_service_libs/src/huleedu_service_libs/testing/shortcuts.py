"""The shortcuts that tests of idempotency take, and which tests do not take them."""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

TestT = TypeVar("TestT", bound=Callable[..., Any])

_MARK = "closes_shortcuts"


class Shortcut(Enum):
    """What a test skips, and what it then cannot see."""

    SYNCHRONOUS_CONFIRMATION = (
        "confirming synchronously",
        "the window between the commit and the confirmation is stepped over",
    )
    TIMELESS_REDIS = (
        "a Redis double without expiry, interleaving and latency",
        "leases that run out, and commands of others between two of one's own, never happen",
    )
    FIRST_TTL_ONLY = (
        "checking only the first TTL",
        "a completed record that lives as short as a lease looks right",
    )
    EFFECTLESS_FAIL_OPEN = (
        "fail-open tests that do not look for the effect",
        "a handler that did nothing without Redis passes",
    )
    HAND_BUILT_KEYS = (
        "keys built by hand",
        "the test agrees with itself, whatever the service writes",
    )
    LONE_WORKER = (
        "no concurrent workers",
        "a lease that is ignored looks right",
    )
    IMMORTAL_WORKER = (
        "no stale lease or crash recovery",
        "an event held by a dead worker is lost unseen",
    )
    UNVERIFIED_RELEASE = (
        "a lease release that is not verified",
        "a failed event that stays locked looks like a retried one",
    )

    @property
    def title(self) -> str:
        return self.value[0]

    @property
    def hides(self) -> str:
        return self.value[1]


def closes(*shortcuts: Shortcut) -> Callable[[TestT], TestT]:
    """Say of a test which shortcuts it does not take, so that it fails for what they hide."""

    def mark(test: TestT) -> TestT:
        setattr(test, _MARK, shortcuts)
        return test

    return mark


def closing(suite: type, shortcut: Shortcut) -> Iterator[str]:
    """The names of the suite's tests that close the shortcut, in their order.

    A test that a subclass has overridden counts only if it says so again.
    """
    for name in dir(suite):
        if name.startswith("test_") and shortcut in getattr(getattr(suite, name), _MARK, ()):
            yield name
