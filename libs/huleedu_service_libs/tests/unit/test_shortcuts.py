from huleedu_service_libs.testing.idempotency_suite import IdempotencySuite
from huleedu_service_libs.testing.shortcuts import Shortcut, closing


def test_every_shortcut_is_closed_by_the_suite() -> None:
    assert {each for each in Shortcut if list(closing(IdempotencySuite, each))} == set(Shortcut)


def test_a_test_that_a_service_replaces_closes_nothing_unless_it_says_so() -> None:
    class Replaced(IdempotencySuite):
        router = ()  # type: ignore[assignment]  # consumes nothing
        cases = ()

        async def test_handler_error(self) -> None:  # type: ignore[override]
            pass

    assert not list(closing(Replaced, Shortcut.UNVERIFIED_RELEASE))
