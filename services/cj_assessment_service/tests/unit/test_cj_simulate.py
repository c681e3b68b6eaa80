import numpy as np

from services.cj_assessment_service.domain.simulate import (
    Setting,
    comparisons_needed,
    correlation,
    simulate,
    spearman,
)


def test_a_sharper_judge_needs_fewer_comparisons() -> None:
    sharp, dull = (comparisons_needed(24, sigma, seeds=[1]) for sigma in (2.5, 1.2))
    assert sharp is not None
    assert dull is None or dull > sharp


def test_the_forecast_is_open_where_the_target_is_out_of_reach() -> None:
    assert comparisons_needed(20, 0.2, seeds=[0], most_per_essay=8) is None


def test_all_pairs_are_enough_for_a_session_that_goes_on_too_long() -> None:
    rounds = simulate(Setting(4, 2.0, 6), seed=0)
    assert rounds[-1].comparisons_per_essay == 3


def test_spearman_shares_ranks_among_equals() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])) == 1
    assert correlation(np.ones(3), np.array([1.0, 2.0, 3.0])) == 0
    assert abs(spearman(np.array([1.0, 1.0, 2.0]), np.array([2.0, 1.0, 3.0])) - 0.8660254) < 1e-6
