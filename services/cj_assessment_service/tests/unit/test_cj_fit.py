import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cj_assessment_service.domain.fit import Fit, fit
from services.cj_assessment_service.domain.map_fit import fit_map, gradient
from services.cj_assessment_service.domain.reliability import (
    concordance,
    normal_cdf,
    plausible_ranks,
    ranks,
    reliability,
)
from services.cj_assessment_service.domain.verdicts import Verdict, Winner, tabulate
from services.cj_assessment_service.tests.unit.sessions import draw, session

SWAPPED: dict[Winner, Winner] = {"first": "second", "second": "first", "tie": "tie"}


@st.composite
def logs(chooser: st.DrawFn) -> tuple[int, list[Verdict]]:
    n = chooser(st.integers(2, 7))
    verdict = st.builds(
        lambda judge, first, gap, winner, degree: Verdict(
            judge, first, (first + gap) % n, winner, degree
        ),
        st.sampled_from(["ann", "bo"]),
        st.integers(0, n - 1),
        st.integers(1, n - 1),
        st.sampled_from(["first", "second", "tie"]),
        st.sampled_from([None, 1, 2]),
    )
    return n, chooser(st.lists(verdict, max_size=30))


def assert_same(one: Fit, other: Fit) -> None:
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.variances, other.variances)
    assert one.sigma == other.sigma
    assert one.judges == other.judges


@settings(max_examples=30, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_order_of_verdicts_does_not_matter(log: tuple[int, list[Verdict]], random: object) -> None:
    n, verdicts = log
    shuffled = list(verdicts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' Random has no public type
    assert_same(fit(n, verdicts), fit(n, shuffled))


@settings(max_examples=20, deadline=None)
@given(logs())
def test_weight_two_equals_two_copies(log: tuple[int, list[Verdict]]) -> None:
    n, verdicts = log
    assert_same(fit(n, [replace(v, weight=2.0) for v in verdicts]), fit(n, verdicts + verdicts))


@settings(max_examples=20, deadline=None)
@given(logs())
def test_one_verdict_delivered_twice_counts_once(log: tuple[int, list[Verdict]]) -> None:
    n, verdicts = log
    named = [replace(v, id=str(index)) for index, v in enumerate(verdicts)]
    assert_same(fit(n, named + named[::-1]), fit(n, verdicts))


@settings(max_examples=30, deadline=None)
@given(logs())
def test_every_log_gives_finite_numbers(log: tuple[int, list[Verdict]]) -> None:
    n, verdicts = log
    for estimate in (fit(n, verdicts), fit_map(n, verdicts)):
        assert np.isfinite(estimate.scores).all()
        assert np.isfinite(estimate.standard_errors).all()
        assert 0 <= reliability(estimate) <= 1
        assert 0.5 <= concordance(estimate) <= 1
        assert sorted(item for group in estimate.components for item in group) == list(range(n))


def test_relabelling_the_items_permutes_the_scores() -> None:
    _, verdicts = session(20, 8, judges=2)
    label = np.random.default_rng(5).permutation(20).tolist()
    moved = [replace(v, first=label[v.first], second=label[v.second]) for v in verdicts]
    before, after = fit(20, verdicts), fit(20, moved)
    np.testing.assert_allclose(after.scores[label], before.scores, atol=1e-6)
    np.testing.assert_allclose(after.variances[label], before.variances, atol=1e-6)


def test_swapping_winner_and_loser_negates_the_scores() -> None:
    _, verdicts = session(20, 8, judges=2, order_effect=0.4)
    before = fit(20, verdicts)
    after = fit(20, [replace(v, winner=SWAPPED[v.winner]) for v in verdicts])
    np.testing.assert_allclose(after.scores, -before.scores, atol=1e-6)
    for one, other in zip(before.judges, after.judges, strict=True):
        assert one.order_effect == pytest.approx(-other.order_effect, abs=1e-6)


def test_exchanging_the_sides_changes_only_the_sign_of_the_order_effect() -> None:
    _, verdicts = session(20, 8, order_effect=0.4)
    before = fit(20, verdicts)
    after = fit(20, [Verdict(v.judge, v.second, v.first, SWAPPED[v.winner]) for v in verdicts])
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-6)
    assert after.judges[0].order_effect == pytest.approx(-before.judges[0].order_effect, abs=1e-6)


def test_a_tie_is_half_a_win_each() -> None:
    tied = fit(3, [Verdict("a", 0, 1, "tie"), Verdict("a", 1, 2, "first")])
    halves = [
        Verdict("a", 0, 1, "first", weight=0.5),
        Verdict("a", 0, 1, "second", weight=0.5),
        Verdict("a", 1, 2, "first"),
    ]
    np.testing.assert_allclose(tied.scores, fit(3, halves).scores, atol=1e-9)


def test_errors_are_honest_for_a_known_truth() -> None:
    covered, reported, true = [], [], []
    for seed in range(6):
        truth, verdicts = session(60, 12, seed=seed)
        estimate = fit(60, verdicts)
        covered.append(np.abs(estimate.scores - truth) < 1.96 * estimate.standard_errors)
        reported.append(reliability(estimate))
        true.append(np.corrcoef(estimate.scores, truth)[0, 1] ** 2)
    assert np.mean(covered) >= 0.88
    assert abs(np.mean(reported) - np.mean(true)) < 0.06


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    _, verdicts = session(30, 10, judges=2)
    early = fit(30, verdicts[:75])
    np.testing.assert_allclose(
        fit(30, verdicts, start=early).scores, fit(30, verdicts).scores, atol=1e-5
    )


def test_an_essay_that_arrives_later_keeps_the_verdicts_of_the_others() -> None:
    _, verdicts = session(20, 8)
    before = fit(20, verdicts)
    after = fit(21, [*verdicts, Verdict("judge-0", 20, 3, "first")], start=before)
    assert after.n == 21
    assert np.corrcoef(after.scores[:20], before.scores)[0, 1] > 0.99
    assert after.standard_errors[20] > after.standard_errors[:20].max()


def test_order_effect_of_each_judge_is_measured_and_removed() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 1.5, 50)
    verdicts = []
    for judge, effect in (("left", 1.2), ("fair", 0.0)):
        for _ in range(400):
            # The earlier essay is always shown first: the worst case for an order effect.
            first, second = sorted(rng.choice(50, 2, replace=False).tolist())
            winner = draw(rng, truth[first] - truth[second] + effect)
            verdicts.append(Verdict(judge, first, second, winner))
    estimate = fit(50, verdicts)
    fair, left = estimate.judges
    assert abs(left.order_effect - 1.2) < 3 * left.order_effect_se
    assert abs(fair.order_effect) < 3 * fair.order_effect_se
    error = estimate.scores - truth + truth.mean()
    assert abs(np.corrcoef(error, np.arange(50))[0, 1]) < 0.3


def test_a_noisy_judge_gets_a_smaller_slope() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(0, 2, 40)
    verdicts = []
    for judge, slope in (("sharp", 1.0), ("noisy", 0.2), ("fair", 1.0)):
        for _ in range(150):
            first, second = rng.choice(40, 2, replace=False).tolist()
            winner = draw(rng, slope * (truth[first] - truth[second]))
            verdicts.append(Verdict(judge, first, second, winner))
    fair, noisy, sharp = fit(40, verdicts).judges
    assert noisy.slope < 0.75 < min(fair.slope, sharp.slope)
    assert math.prod([fair.slope, noisy.slope, sharp.slope]) == pytest.approx(1.0)


def graded(rng: np.random.Generator, truth: np.ndarray, *, meant: bool) -> list[Verdict]:
    verdicts = []
    for _ in range(250):
        first, second = rng.choice(len(truth), 2, replace=False).tolist()
        latent = truth[first] - truth[second] + rng.logistic()
        degree = 1 + int(abs(latent) > 1.5 if meant else rng.random() < 0.5)
        winner: Winner = "first" if latent > 0 else "second"
        verdicts.append(Verdict("a", first, second, winner, degree))
    return verdicts


def test_degrees_that_mean_something_sharpen_the_scores() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(0, 2, 40)
    verdicts = graded(rng, truth, meant=True)
    with_degrees = fit(40, verdicts)
    without = fit(40, [replace(v, degree=None) for v in verdicts])
    assert with_degrees.judges[0].cut == pytest.approx(1.5, abs=0.4)
    assert reliability(with_degrees) > reliability(without) + 0.02
    assert np.corrcoef(with_degrees.scores, truth)[0, 1] > np.corrcoef(without.scores, truth)[0, 1]


def test_degrees_given_at_random_are_not_used() -> None:
    rng = np.random.default_rng(4)
    verdicts = graded(rng, rng.normal(0, 2, 40), meant=False)
    estimate = fit(40, verdicts)
    assert estimate.judges[0].cut is None
    without = fit(40, [replace(v, degree=None) for v in verdicts])
    np.testing.assert_allclose(estimate.scores, without.scores, atol=1e-6)


def test_known_items_keep_the_scale_of_an_earlier_batch() -> None:
    _, verdicts = session(20, 8)
    alone = fit(20, verdicts)
    known = {item: (alone.scores[item] + 5, 0.05) for item in (0, 1, 2, 3)}
    linked = fit(20, verdicts, known=known)
    assert linked.scores.mean() == pytest.approx(5, abs=0.6)
    assert np.corrcoef(linked.scores, alone.scores)[0, 1] > 0.98


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_without_verdicts_nobody_is_better(n: int) -> None:
    estimate = fit(n, [])
    np.testing.assert_array_equal(estimate.scores, np.zeros(n))
    assert reliability(estimate) == 0
    assert len(estimate.components) == n


def test_two_separate_groups_are_named() -> None:
    estimate = fit(5, [Verdict("a", 0, 3, "first"), Verdict("a", 1, 2, "first")])
    assert estimate.components == ((0, 3), (1, 2), (4,))


def test_an_item_that_wins_or_loses_all_stays_finite() -> None:
    verdicts = [Verdict("a", 0, item, "first") for item in range(1, 6)] * 5
    estimate = fit(6, verdicts)
    assert ranks(estimate.scores)[0] == 1
    assert estimate.scores[0] < 15


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (Verdict("a", 0, 3, "first"), "outside"),
        (Verdict("a", -1, 0, "first"), "outside"),
        (Verdict("a", 1, 1, "first"), "itself"),
        (Verdict("a", 0, 1, "first", degree=3), "degree"),
        (Verdict("a", 0, 1, "first", weight=0.0), "weight"),
        (Verdict("a", 0, 1, "neither"), "winner"),  # type: ignore[arg-type]  # as a caller may
    ],
)
def test_an_impossible_verdict_is_refused_with_its_reason(bad: Verdict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fit(3, [bad])


def test_the_same_call_gives_the_same_bits() -> None:
    _, verdicts = session(40, 10, judges=3)
    assert_same(fit(40, verdicts), fit(40, list(reversed(verdicts))))


def test_map_ends_at_the_top_of_the_posterior() -> None:
    _, verdicts = session(300, 12, judges=2, order_effect=0.5)
    estimate = fit_map(300, verdicts)
    mean = np.append(estimate.scores, [judge.order_effect for judge in estimate.judges])
    assert np.abs(gradient(tabulate(300, verdicts), mean, estimate.sigma)).max() < 1e-6
    assert np.corrcoef(estimate.scores, fit(300, verdicts).scores)[0, 1] > 0.99


def test_plausible_ranks_hold_the_rank_and_narrow_with_comparisons() -> None:
    widths = []
    for rounds in (4, 24):
        _, verdicts = session(30, rounds)
        estimate = fit(30, verdicts)
        low, high = plausible_ranks(estimate)
        assert (low <= ranks(estimate.scores)).all()
        assert (ranks(estimate.scores) <= high).all()
        widths.append((high - low).mean())
    assert widths[1] < widths[0]


def test_normal_cdf_agrees_with_known_values() -> None:
    np.testing.assert_allclose(
        normal_cdf(np.array([-np.inf, -1.959964, 0.0, 1.0, np.inf])),
        [0.0, 0.025, 0.5, 0.8413447, 1.0],
        atol=1e-7,
    )
