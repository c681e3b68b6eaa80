import pytest

from common_core.judges import asks_people, judges_named


def test_judges_are_named_one_by_one_joined_by_plus_signs() -> None:
    assert judges_named("offline") == ("offline",)
    assert judges_named("vendor/gpt-x:free + people") == ("vendor/gpt-x:free", "people")


@pytest.mark.parametrize("judge", ["", "+", "gpt-x+", "people+people", "gpt-x++people"])
def test_what_names_no_judges_is_refused_with_a_sentence(judge: str) -> None:
    with pytest.raises(ValueError, match="judge"):
        judges_named(judge)


def test_people_are_asked_where_they_are_named() -> None:
    assert asks_people("people")
    assert asks_people("gpt-x + people")
    assert not asks_people("offline")
