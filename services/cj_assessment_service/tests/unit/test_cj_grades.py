import re

import numpy as np
import pytest

from services.cj_assessment_service.domain.grades import (
    SWEDISH,
    GradeProjection,
    Refusal,
    grades,
)
from services.cj_assessment_service.domain.verdicts import Floats

CUTS = 1.5 * np.array([-1.4, -0.7, 0.0, 0.7, 1.4])


def group(seed: int, n: int = 72) -> tuple[Floats, Floats, list[str]]:
    """Scores with errors, their variances, and the grades a teacher would give."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, n)
    given = np.searchsorted(CUTS, truth + rng.normal(0, 0.3, n))
    scores = 0.85 * (truth + rng.normal(0, 0.6, n))
    return scores, np.full(n, 0.3), [SWEDISH[index] for index in given]


def two_a_grade(given: list[str]) -> dict[int, str]:
    return {
        item: grade
        for grade in SWEDISH
        for item in [i for i, own in enumerate(given) if own == grade][:2]
    }


def projected(*arguments: object, **more: object) -> GradeProjection:
    result = grades(*arguments, **more)  # type: ignore[arg-type]  # passed on as they are
    assert isinstance(result, GradeProjection)
    return result


def refused(*arguments: object, **more: object) -> str:
    result = grades(*arguments, **more)  # type: ignore[arg-type]  # passed on as they are
    assert isinstance(result, Refusal)
    return result.reason


def test_grades_of_the_others_follow_from_twelve_anchors() -> None:
    near, confidence, right = [], [], []
    for seed in range(8):
        scores, variances, given = group(seed)
        anchors = two_a_grade(given)
        result = projected(scores, variances, anchors)
        for item in set(range(72)) - set(anchors):
            distance = abs(SWEDISH.index(result.grades[item]) - SWEDISH.index(given[item]))
            near.append(distance <= 1)
            right.append(distance == 0)
            confidence.append(result.confidence[item])
    assert np.mean(near) >= 0.95
    assert abs(np.mean(confidence) - np.mean(right)) < 0.1


def test_probabilities_add_up_and_rise_with_the_score() -> None:
    scores, variances, given = group(1)
    result = projected(scores, variances, two_a_grade(given))
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1.0)
    assert (result.probabilities >= 0).all()
    assert (np.diff(result.cuts) > 0).all()
    order = np.argsort(scores)
    ranked = [SWEDISH.index(result.grades[item]) for item in order]
    assert ranked == sorted(ranked)


def test_uncertain_scores_get_wider_distributions() -> None:
    scores, variances, given = group(2)
    anchors = two_a_grade(given)
    sure = projected(scores, variances, anchors)
    item = next(i for i in range(72) if i not in anchors)
    variances[item] = 4.0
    unsure = projected(scores, variances, anchors)
    assert unsure.probabilities[item].max() < sure.probabilities[item].max()


def test_scores_beyond_the_anchors_and_near_a_boundary_are_marked() -> None:
    scores, variances, given = group(3)
    anchors = two_a_grade(given)
    result = projected(scores, variances, anchors)
    best_anchor = max(scores[item] for item in anchors)
    assert all(mark for mark, s in zip(result.outside, scores, strict=True) if s > best_anchor)
    assert not any(result.outside[item] for item in anchors)
    closest = int(np.abs(scores[:, None] - result.cuts).min(axis=1).argmin())
    assert result.near_boundary[closest]


def test_any_ordered_list_is_a_scale() -> None:
    scores = np.linspace(-2, 2, 12)
    anchors = {0: "fail", 3: "fail", 6: "pass", 8: "pass", 11: "distinction"}
    scale = ("fail", "pass", "distinction")
    result = projected(scores, np.full(12, 0.1), anchors, scale)
    assert (result.grades[0], result.grades[11]) == ("fail", "distinction")
    two = projected(
        scores, np.full(12, 0.1), {0: "no", 1: "no", 10: "yes", 11: "yes"}, ("no", "yes")
    )
    assert (two.grades[0], two.grades[11]) == ("no", "yes")


@pytest.mark.parametrize(
    ("anchors", "reason"),
    [
        ({}, "at least 4"),
        ({0: "F", 3: "C", 11: "A"}, "at least 4"),
        ({0: "F", 1: "F", 10: "A", 11: "A"}, "different grades"),
        ({0: "A", 3: "B", 8: "D", 11: "F"}, "run against"),
        ({0: "C", 1: "A", 2: "F", 10: "F", 11: "D", 9: "A", 8: "D"}, "hardly agree|run against"),
        ({0: "F", 3: "C", 8: "B", 11: "G"}, "no grade G"),
        ({0: "F", 3: "C", 8: "B", 12: "A"}, "not among"),
    ],
)
def test_refuses_with_a_reason(anchors: dict[int, str], reason: str) -> None:
    assert re.search(reason, refused(np.linspace(-2, 2, 12), np.full(12, 0.1), anchors))


def test_equal_scores_are_refused_and_not_divided_by() -> None:
    anchors = {0: "F", 1: "D", 2: "B", 3: "A"}
    assert "hardly agree" in refused(np.zeros(6), np.ones(6), anchors)
