"""What an assignment and file names vouch for, and what they do not."""

import pytest

from services.spellchecker_service.domain import names_in_class, words_of_assignment


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("Tell us about life in Llandudno.", {"llandudno"}),
        ("What is hygge? Give examples of hygge.", {"hygge"}),
        ("Write about hygge.", set()),
        ("You will recieve a letter. Who did recieve it?", set()),
        ("Write about your favorit book.", set()),
        ("", set()),
    ],
)
def test_words_of_the_assignment_are_right_unless_they_look_misspelt(
    assignment: str, words: set[str]
) -> None:
    assert words_of_assignment(assignment, "en") == words


def test_a_name_in_the_class_is_right_where_it_has_its_capital() -> None:
    names = ("jhon", "kowalczyk")
    assert names_in_class(names, "Kowalczyk said hello to Jhon.", "en") == {"jhon", "kowalczyk"}
    assert names_in_class(names, "kowalczyk and jhon", "en") == set()


def test_a_misspelt_title_as_a_file_name_makes_nothing_right() -> None:
    assert names_in_class(("favorit", "holliday"), "My Favorit Holliday", "en") == set()


def test_a_name_that_is_known_keeps_needing_its_capital() -> None:
    assert names_in_class(("hussein",), "Hussein and hussein", "en") == set()
