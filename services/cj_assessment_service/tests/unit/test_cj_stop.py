import numpy as np
import pytest

from services.cj_assessment_service.domain.fit import Fit, fit
from services.cj_assessment_service.domain.pairs import Pair, Rule, next_pairs
from services.cj_assessment_service.domain.stop import (
    Decision,
    Progress,
    cautious_reliability,
    forecast,
    should_stop,
)
from services.cj_assessment_service.domain.verdicts import Verdict


def steady(n: int, rounds: int, gain: float) -> list[Progress]:
    """Progress of a judge whose 1 / (1 - reliability) grows by `gain` a comparison per item."""
    return [Progress(n * k // 2, 1 - 1 / (1 + gain * k)) for k in range(1, rounds + 1)]


def test_stops_after_two_rounds_at_the_target_and_not_before() -> None:
    history = steady(30, 20, gain=0.45)
    stops = [should_stop(history[:count], 30).stop for count in range(1, 21)]
    first = next(i for i, progress in enumerate(history) if progress.reliability >= 0.8)
    assert stops.index(True) == first + 1
    assert should_stop(history[: first + 2], 30).kind == "reached"


def test_does_not_stop_below_six_comparisons_an_essay() -> None:
    history = steady(30, 6, gain=5.0)
    assert [should_stop(history[:k], 30).stop for k in range(1, 7)] == [False] * 5 + [True]


def test_does_not_call_it_reached_while_the_graph_is_in_pieces() -> None:
    assert not should_stop(steady(30, 10, gain=2.0), 30, components=2).stop


def test_stops_when_the_budget_is_spent() -> None:
    decision = should_stop(steady(30, 8, gain=0.3), 30, budget=120)
    assert (decision.stop, decision.kind) == (True, "budget")
    assert "120" in decision.reason


def test_stops_when_every_pair_has_been_compared() -> None:
    decision = should_stop([Progress(6, 0.4)], 4)
    assert (decision.stop, decision.kind) == (True, "exhausted")


def test_says_when_the_target_is_out_of_reach() -> None:
    decision = should_stop(steady(30, 12, gain=0.02), 30, budget=300)
    assert (decision.stop, decision.kind) == (True, "too_noisy")
    assert "too noisy" in decision.reason


def test_forecast_follows_the_line() -> None:
    history = steady(100, 6, gain=0.25)  # the target .80 needs 4 / .25 = 16 an item
    assert forecast(history) == pytest.approx(800, rel=0.01)
    assert forecast([Progress(10, 0.0)]) is None
    assert forecast([]) is None


def test_nothing_to_decide_before_the_first_round() -> None:
    assert not should_stop([], 30).stop


@pytest.mark.parametrize("rule", ["information", "swiss", "balanced", "random"])
def test_a_coin_never_reaches_the_target(rule: Rule) -> None:
    assert toss(40, 14, rule, seed=1).kind == "too_noisy"


def toss(n: int, rounds: int, rule: Rule, seed: int) -> Decision:
    rng = np.random.default_rng(seed)
    seen: list[Pair] = []
    verdicts: list[Verdict] = []
    history: list[Progress] = []
    estimate: Fit | None = None
    decision = should_stop(history, n)
    for round_ in range(1, rounds + 1):
        pairs = next_pairs(estimate, n, seen, round_, seed=seed, rule=rule)
        seen += pairs
        verdicts += [
            Verdict("coin", *p, "first" if rng.random() < 0.5 else "second") for p in pairs
        ]
        estimate = fit(n, verdicts, start=estimate)
        history.append(Progress(len(verdicts), cautious_reliability(n, verdicts, estimate)))
        decision = should_stop(history, n, budget=n * 15)
        assert decision.kind != "reached"
    return decision
