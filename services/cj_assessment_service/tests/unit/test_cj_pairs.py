from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cj_assessment_service.domain.fit import Fit, fit
from services.cj_assessment_service.domain.pairs import (
    Pair,
    Rule,
    for_newcomers,
    information,
    newcomers,
    next_pairs,
    swap_audit,
)
from services.cj_assessment_service.domain.verdicts import Verdict, connected
from services.cj_assessment_service.tests.unit.sessions import session


def play(
    n: int,
    rounds: int,
    *,
    anchors: tuple[int, ...] = (),
    seed: int = 0,
    rule: Rule = "information",
    swapped: bool = False,
) -> list[Pair]:
    """Run the rounds with a judge who prefers the later item."""
    seen: list[Pair] = []
    estimate: Fit | None = None
    for round_ in range(1, rounds + 1):
        before = seen[::-1] if swapped else seen
        seen += next_pairs(estimate, n, before, round_, anchors=anchors, seed=seed, rule=rule)
        verdicts = [
            Verdict("a", *pair, "first" if pair[0] > pair[1] else "second") for pair in seen
        ]
        estimate = fit(n, verdicts, start=estimate)
    return seen


@pytest.mark.parametrize("rule", ["information", "swiss", "balanced"])
@pytest.mark.parametrize("n", [9, 30])
def test_no_pair_comes_twice_and_every_item_plays_each_round(n: int, rule: Rule) -> None:
    rounds = 6
    seen = play(n, rounds, rule=rule)
    assert len({frozenset(pair) for pair in seen}) == len(seen)
    played = Counter(item for pair in seen for item in pair)
    assert min(played[item] for item in range(n)) >= rounds
    assert len(seen) <= rounds * (n + 1) // 2 + 2


def test_random_pairs_do_not_repeat_either() -> None:
    seen = play(20, 6, rule="random")
    assert len({frozenset(pair) for pair in seen}) == len(seen) == 60


def test_presentation_order_is_balanced_per_item() -> None:
    first, second = zip(*play(31, 9), strict=True)
    lead = Counter(first)
    lead.subtract(second)
    assert max(abs(value) for value in lead.values()) <= 3


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 8), st.integers(0, 2**32))
def test_small_batches_end_when_every_pair_has_been_seen(n: int, seed: int) -> None:
    seen = play(n, 10, seed=seed)
    assert len(seen) == n * (n - 1) // 2
    assert next_pairs(None, n, seen, 11, seed=seed) == []


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**32))
def test_the_graph_is_connected_after_two_rounds(n: int, seed: int) -> None:
    assert len(connected(n, play(n, 2, seed=seed))) == 1


def test_pairs_depend_on_the_seed_and_on_nothing_else() -> None:
    assert play(20, 6, seed=3) == play(20, 6, seed=3, swapped=False)
    assert play(20, 6, seed=3) != play(20, 6, seed=4)
    seen = play(20, 3)
    assert next_pairs(None, 20, seen, 4) == next_pairs(None, 20, seen[::-1], 4)


def test_every_item_meets_two_anchors_by_the_fourth_round() -> None:
    anchors = (0, 1, 2, 3)
    met = Counter[int]()
    for pair in play(24, 4, anchors=anchors):
        for item, other in (pair, pair[::-1]):
            met[item] += other in anchors
    assert min(met[item] for item in range(4, 24)) >= 2


def test_an_item_that_comes_late_catches_up() -> None:
    seen = play(20, 8)
    _, verdicts = session(20, 8)
    estimate = fit(21, verdicts)
    chosen = next_pairs(estimate, 21, seen, 9)
    assert sum(20 in pair for pair in chosen) >= 2


def test_information_is_largest_for_close_and_uncertain_pairs() -> None:
    near, far = information(np.array([0.0, 3.0]), np.array([1.0, 1.0]))
    sure, unsure = information(np.array([0.0, 0.0]), np.array([0.1, 2.0]))
    assert near > far > 0
    assert unsure > sure > 0
    assert information(np.array([0.0]), np.array([1e8]))[0] <= np.log(2)


def test_information_pairs_neighbours_rather_than_extremes() -> None:
    seen = play(40, 4)
    verdicts = [Verdict("a", *pair, "first" if pair[0] > pair[1] else "second") for pair in seen]
    estimate = fit(40, verdicts)

    def distance(rule: Rule) -> float:
        pairs = np.array(next_pairs(estimate, 40, seen, 5, rule=rule))
        return float(np.abs(np.diff(estimate.scores[pairs], axis=1)).mean())

    assert distance("information") < 0.6 * distance("balanced")


def test_swap_audit_asks_about_a_tenth_again_in_the_other_order_and_never_a_third_time() -> None:
    seen = play(60, 8)
    audit = swap_audit(seen, seen, seed=1)
    assert 0.05 < len(audit) / len(seen) < 0.16
    assert {(second, first) for first, second in audit} <= set(seen)
    assert swap_audit(seen, [*seen, *audit], seed=1) == []


def test_a_thousand_and_one_items_are_paired_by_neighbourhood() -> None:
    _, verdicts = session(1001, 2)
    seen = [(v.first, v.second) for v in verdicts]
    estimate = Fit(np.linspace(3, -3, 1001), np.ones(1001), None, 2.0, (), ())
    chosen = next_pairs(estimate, 1001, seen, 4)
    assert {item for pair in chosen for item in pair} == set(range(1001))
    assert np.median([abs(one - other) for one, other in chosen]) < 10


def test_newcomers_lack_what_the_others_had_and_nobody_else_lacks_anything() -> None:
    before = play(10, 4)
    had = Counter(item for pair in before for item in pair)
    usual = int(np.median(list(had.values())))
    assert newcomers(12, before, before) == {10: usual, 11: usual}
    assert newcomers(12, before, [*before, (10, 3)]) == {10: usual - 1, 11: usual}
    assert newcomers(10, before, before) == {}
    assert newcomers(4, [], []) == {}


def test_newcomers_meet_others_as_often_as_they_wish_and_two_anchors_in_time() -> None:
    before = play(10, 4)
    estimate = fit(12, [Verdict("a", *pair, "first") for pair in before])
    seen, anchors = list(before), (2, 7)
    for _ in range(2):
        new = for_newcomers(estimate, 12, seen, {10: 3, 11: 3}, anchors=anchors)
        assert Counter(item for pair in new for item in pair if item > 9) == {10: 3, 11: 3}
        assert all(min(pair) <= 9 for pair in new)
        seen += new
    assert len({frozenset(pair) for pair in seen}) == len(seen)
    assert {item for pair in seen if 10 in pair for item in pair} >= {2, 7}
    assert for_newcomers(estimate, 12, seen, {}) == []


def test_a_newcomer_who_has_met_everybody_gets_nobody() -> None:
    before = [(0, 1), (1, 2), (2, 0)]
    met = [(3, 0), (3, 1), (3, 2)]
    estimate = fit(4, [Verdict("a", *pair, "first") for pair in before])
    assert newcomers(4, before, before) == {3: 2}
    assert for_newcomers(estimate, 4, [*before, *met], {3: 2}) == []
