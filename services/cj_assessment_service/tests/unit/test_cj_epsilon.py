import math

import numpy as np
import pytest

from services.cj_assessment_service.domain.epsilon import UNKNOWN, fit_epsilon, infit, ssr
from services.cj_assessment_service.domain.verdicts import Verdict, tabulate
from services.cj_assessment_service.tests.unit.sessions import session


def test_two_items_have_the_log_odds_of_the_adjusted_wins() -> None:
    verdicts = [Verdict("a", 0, 1, "first")] * 3 + [Verdict("a", 1, 0, "first")]
    # .3 + (1 - .6 / 4) 3 = 2.85 of 4
    estimate = fit_epsilon(2, verdicts)
    assert estimate.scores[0] - estimate.scores[1] == pytest.approx(math.log(2.85 / 1.15))
    assert estimate.standard_errors[0] == pytest.approx(1 / math.sqrt(2.85 * 1.15 / 4))


def test_epsilon_zero_is_maximum_likelihood() -> None:
    cycle = [(0, 1), (0, 1), (1, 2), (2, 0)]
    estimate = fit_epsilon(3, [Verdict("a", f, s, "first") for f, s in cycle], epsilon=0.0)
    # By symmetry the third item is 0 and the others +-x with 3 - 2 L(2x) - L(x) - L(2x) ... = 0;
    # the score equations are the definition: expected wins equal wins.
    wins = np.zeros(3)
    for first, second in cycle:
        chance = 1 / (1 + math.exp(estimate.scores[second] - estimate.scores[first]))
        wins[first] += 1 - chance
        wins[second] -= 1 - chance
    np.testing.assert_allclose(wins, 0, atol=1e-9)
    assert estimate.scores[2] == pytest.approx(0, abs=1e-9)


def test_order_effect_alone_is_the_log_odds_of_the_first_place() -> None:
    pairs = [(0, 1), (1, 0)]
    verdicts = [Verdict("a", f, s, "first") for f, s in pairs * 3]
    verdicts += [Verdict("a", f, s, "second") for f, s in pairs]
    estimate = fit_epsilon(2, verdicts, epsilon=0.0, order_effect=True)
    assert estimate.order_effect == pytest.approx(math.log(3))
    np.testing.assert_allclose(estimate.scores, 0, atol=1e-9)


def test_an_item_that_wins_everything_stays_finite_and_converges() -> None:
    verdicts = [Verdict("a", 0, item, "first") for item in (1, 2, 3)] * 3
    estimate = fit_epsilon(4, verdicts)
    assert estimate.converged
    assert np.abs(estimate.scores).max() < 10


def test_a_likelihood_without_maximum_is_reported() -> None:
    estimate = fit_epsilon(2, [Verdict("a", 0, 1, "first")], epsilon=0.0)
    assert not estimate.converged
    assert np.isfinite(estimate.scores).all()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_without_verdicts_scores_are_zero_and_errors_unknown(n: int) -> None:
    estimate = fit_epsilon(n, [])
    np.testing.assert_array_equal(estimate.scores, np.zeros(n))
    np.testing.assert_array_equal(estimate.standard_errors, np.full(n, UNKNOWN))
    assert ssr(estimate) == 0


def test_separate_components_are_each_centred() -> None:
    verdicts = [Verdict("a", 0, 1, "first")] * 3 + [Verdict("a", 2, 3, "second")] * 2
    scores = fit_epsilon(5, verdicts).scores
    assert scores[0] + scores[1] == pytest.approx(0, abs=1e-9)
    assert scores[2] + scores[3] == pytest.approx(0, abs=1e-9)
    assert scores[4] == 0


def test_ssr_rises_with_the_comparisons() -> None:
    few, many = (ssr(fit_epsilon(40, session(40, rounds)[1])) for rounds in (6, 30))
    assert 0.5 < few < many < 1


def test_infit_is_one_for_a_judge_who_errs_as_expected() -> None:
    table = tabulate(40, session(40, 60, judges=2)[1])
    for value in infit(fit_epsilon(40, table), table).values():
        assert value == pytest.approx(1, abs=0.1)
