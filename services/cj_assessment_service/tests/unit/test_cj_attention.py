import numpy as np
import pytest

from services.cj_assessment_service.domain.attention import contradictions, look_first
from services.cj_assessment_service.domain.epsilon import fit_epsilon
from services.cj_assessment_service.domain.fit import fit
from services.cj_assessment_service.domain.grades import GradeProjection, grades
from services.cj_assessment_service.domain.reliability import plausible_ranks
from services.cj_assessment_service.domain.verdicts import Verdict, tabulate
from services.cj_assessment_service.tests.unit.sessions import session

N = 24
NONE = np.zeros(N)


def certain(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1, n + 1), np.arange(1, n + 1)


def graded(doubt: dict[int, float]) -> GradeProjection:
    """Grade C for everybody, for sure but for some."""
    chances = np.tile([0.0, 0.98, 0.02], (N, 1))
    for item, chance in doubt.items():
        chances[item] = [0.0, chance, 1 - chance]
    return GradeProjection(
        scale=("D", "C", "B"),
        probabilities=chances,
        grades=("C",) * N,
        confidence=chances[:, 1],
        outside=(False,) * N,
        near_boundary=(False,) * N,
        cuts=np.array([-1.0, 1.0]),
        noise=0.5,
    )


def test_an_essay_whose_verdicts_contradict_the_ranking_is_the_first_to_look_at() -> None:
    truth, verdicts = session(N, 14, seed=3)
    best, *worst = np.argsort(-truth).tolist()
    odd = [Verdict("judge-0", best, other, "second") for other in worst[-4:]]
    table = tabulate(N, [*verdicts, *odd])

    values = contradictions(fit_epsilon(N, table), table)
    looks = look_first(certain(), values, {}, None)

    assert int(values.argmax()) == best
    assert looks[0].item == best
    assert "contradict" in looks[0].reason


def test_verdicts_in_keeping_with_the_model_are_not_called_contradictory() -> None:
    flagged = []
    for seed in range(20):
        table = tabulate(N, session(N, 14, seed=seed)[1])
        values = contradictions(fit_epsilon(N, table), table)
        flagged.append(float((values > 2).mean()))
    assert np.mean(flagged) < 0.06


def test_the_least_certain_grades_come_first_and_anchors_are_not_among_them() -> None:
    looks = look_first(certain(), NONE, {7: "C"}, graded({3: 0.51, 7: 0.4, 9: 0.6}))

    assert [look.item for look in looks[:2]] == [3, 9]
    assert looks[0].reason == "Its grade is uncertain: C with 51 %, perhaps B."
    assert 7 not in {look.item for look in looks}


def test_an_anchor_that_stands_where_its_grade_does_not_is_named_with_both_grades() -> None:
    looks = look_first(certain(), NONE, {5: "D"}, graded({3: 0.51}))
    assert looks[0].item == 5
    assert looks[0].reason == "It was given D, and stands where C would be expected."


def test_without_grades_the_least_certain_places_come_first() -> None:
    best, worst = certain()
    worst[4], worst[10] = 20, 14
    looks = look_first((best, worst), NONE, {}, None)
    assert [look.item for look in looks] == [4, 10]
    assert looks[0].reason == "Its place is uncertain: anywhere from 5 to 20."


@pytest.mark.parametrize(("essays", "most"), [(1, 0), (3, 1), (9, 3), (40, 5)])
def test_at_most_five_and_a_third_of_the_class_are_named(essays: int, most: int) -> None:
    plausible = (np.ones(essays, dtype=int), np.full(essays, essays))
    assert len(look_first(plausible, np.zeros(essays), {}, None)) == most


def test_it_works_on_what_the_engine_gives() -> None:
    truth, verdicts = session(30, 12, seed=1)
    table = tabulate(30, verdicts)
    estimate = fit(30, table)
    by_rank = np.argsort(-truth).tolist()
    anchors = dict(zip(by_rank[::3], "AABBCCDDEE", strict=True))
    projection = grades(
        estimate.scores, estimate.centred_variances, anchors, ("F", "E", "D", "C", "B", "A")
    )
    assert isinstance(projection, GradeProjection)
    looks = look_first(
        plausible_ranks(estimate),
        contradictions(fit_epsilon(30, table), table),
        anchors,
        projection,
    )
    assert len(looks) == 5
    assert len({look.item for look in looks}) == 5
