from collections import Counter
from itertools import combinations

import pytest

from services.cj_assessment_service.dealing import deal

PAIRS = list(combinations(range(60), 2))


def shares(judges: tuple[str, ...], people_share: float = 0.1) -> dict[str, float]:
    dealt = deal(PAIRS, judges, seed=7, people_share=people_share)
    assert [pair for _, pair in dealt] == PAIRS
    count = Counter(judge for judge, _ in dealt)
    return {judge: count[judge] / len(PAIRS) for judge in judges}


def test_one_judge_gets_every_pair() -> None:
    assert shares(("gpt-x",)) == {"gpt-x": 1}
    assert shares(("people",)) == {"people": 1}


def test_people_get_their_share_and_the_others_the_rest_in_equal_parts() -> None:
    assert shares(("gpt-x", "people"))["people"] == pytest.approx(0.1, abs=0.02)
    assert shares(("gpt-x", "people"), 0.4)["people"] == pytest.approx(0.4, abs=0.03)
    three = shares(("gpt-x", "people", "offline"))
    assert three["gpt-x"] == pytest.approx(0.45, abs=0.03)
    assert three["offline"] == pytest.approx(0.45, abs=0.03)


def test_a_share_of_nothing_leaves_people_out() -> None:
    assert shares(("gpt-x", "people"), 0.0)["people"] == 0


def test_who_is_asked_depends_on_the_texts_and_the_pair_not_on_which_is_shown_first() -> None:
    turned = [(second, first) for first, second in PAIRS]
    judges = ("gpt-x", "people")
    straight = [judge for judge, _ in deal(PAIRS, judges, seed=7, people_share=0.1)]
    assert [judge for judge, _ in deal(turned, judges, seed=7, people_share=0.1)] == straight
    assert [judge for judge, _ in deal(PAIRS, judges, seed=8, people_share=0.1)] != straight
