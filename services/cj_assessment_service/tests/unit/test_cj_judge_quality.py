import numpy as np
import pytest

from services.cj_assessment_service.domain.judge_quality import JudgeQuality, judge_quality
from services.cj_assessment_service.domain.verdicts import Verdict
from services.cj_assessment_service.tests.unit.sessions import draw


def panel(seed: int, *, careless: int | None, per_judge: int = 60) -> list[JudgeQuality]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, 48)
    verdicts = []
    for judge in range(8):
        for _ in range(per_judge):
            first, second = rng.choice(48, 2, replace=False).tolist()
            margin = 0.0 if judge == careless else truth[first] - truth[second]
            verdicts.append(Verdict(f"judge-{judge}", first, second, draw(rng, margin)))
    return judge_quality(48, verdicts)


def test_a_careless_judge_is_found_and_the_others_are_left_alone() -> None:
    wrongly = 0
    for seed in range(4):
        quality = panel(seed, careless=seed)
        assert quality[seed].flagged
        assert quality[seed].slope < min(q.slope for q in quality if q is not quality[seed])
        wrongly += sum(q.flagged for q in quality) - 1
    assert wrongly <= 1


def test_nobody_is_flagged_on_a_handful_of_verdicts() -> None:
    assert not any(quality.flagged for quality in panel(0, careless=0, per_judge=20))


def test_swap_consistency_counts_pairs_judged_alike_in_both_orders() -> None:
    verdicts = [
        Verdict("a", 0, 1, "first"),
        Verdict("a", 1, 0, "second"),
        Verdict("a", 2, 3, "first"),
        Verdict("a", 3, 2, "first"),
        Verdict("b", 0, 2, "first"),
    ]
    a, b = judge_quality(4, verdicts)
    assert a.swap_consistency == pytest.approx(0.5)
    assert b.swap_consistency is None


def test_a_judge_alone_has_nobody_to_be_compared_with() -> None:
    (only,) = judge_quality(3, [Verdict("a", 0, 1, "first"), Verdict("a", 1, 2, "first")])
    assert only.z is None
    assert not only.flagged
    assert judge_quality(3, []) == []
