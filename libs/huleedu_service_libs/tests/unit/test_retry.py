"""What follows a failed attempt."""

import pytest

from huleedu_service_libs.consumer.config import ConsumerConfig
from huleedu_service_libs.consumer.retry import History, RetryPolicy, pause_after
from huleedu_service_libs.errors import (
    CommitOutcomeUnknown,
    DatabaseUnavailable,
    EventInProgress,
    LeaseLost,
    LeasesUnavailable,
    PayloadConflict,
    PermanentError,
    PoisonMessage,
    TemporaryError,
    UnconfirmedEvent,
)
from huleedu_service_libs.idempotency import IdempotencyConfig

POLICY = RetryPolicy()
HELD = EventInProgress("key", worker="other", retry_after_seconds=300.0)


def pause(
    error: Exception, *, failures: int = 0, tries: int = 1, waited: float = 0
) -> float | None:
    history = History(tries=tries, failures=failures, first_try_at=100.0)
    return pause_after(error, history, now=100.0 + waited, policy=POLICY)


@pytest.mark.parametrize("error", [PermanentError(), PoisonMessage(), PayloadConflict()], ids=repr)
def test_nothing_helps_against_a_permanent_error(error: Exception) -> None:
    assert pause(error) is None


@pytest.mark.parametrize(
    "error",
    [HELD, LeaseLost(), LeasesUnavailable(), CommitOutcomeUnknown(), DatabaseUnavailable()],
    ids=repr,
)
def test_what_is_not_the_events_fault_is_tried_for_ever(error: Exception) -> None:
    found = pause(error, tries=10_000, failures=10_000, waited=1e9)
    assert found is not None
    assert 0 < found <= POLICY.longest_pause


def test_an_event_of_another_worker_is_looked_at_again_soon() -> None:
    assert pause(HELD) == POLICY.held_pause


@pytest.mark.parametrize("error", [ValueError(), UnconfirmedEvent()], ids=repr)
def test_an_unknown_error_is_tried_a_few_times(error: Exception) -> None:
    assert pause(error, failures=POLICY.max_failures - 1) is not None
    assert pause(error, failures=POLICY.max_failures) is None


def test_i30_a_temporary_error_is_tried_within_a_budget() -> None:
    assert pause(TemporaryError(), failures=100, waited=POLICY.temporary_budget - 1) is not None
    assert pause(TemporaryError(), waited=POLICY.temporary_budget) is None


def test_a_handler_may_say_when_to_try_again() -> None:
    assert pause(TemporaryError(retry_after=42.0)) == 42.0


def test_i30_pauses_grow_up_to_a_limit() -> None:
    pauses = [pause(TemporaryError(), tries=tries) or 0 for tries in range(1, 40)]
    assert pauses[0] <= POLICY.first_pause
    assert pauses[5] > pauses[0]
    assert max(pauses) <= POLICY.longest_pause


def test_a_drain_that_does_not_fit_the_rebalance_is_refused() -> None:
    idempotency = IdempotencyConfig("ledger_service")
    with pytest.raises(ValueError, match="rebalance_timeout"):
        ConsumerConfig("", idempotency, drain_budget=55.0, commit_timeout=5.0)
    with pytest.raises(ValueError, match="redelivery_gap"):
        ConsumerConfig("", idempotency, rebalance_timeout=120.0)
