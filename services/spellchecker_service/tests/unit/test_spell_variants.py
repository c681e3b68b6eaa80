import pytest

from services.spellchecker_service.domain.variants import american, same_word


@pytest.mark.parametrize(
    ("british", "spelt"),
    [
        ("neighbour", "neighbor"),
        ("recognised", "recognized"),
        ("analyse", "analyze"),
        ("theatres", "theaters"),
        ("jewellery", "jewelry"),
        ("travelling", "traveling"),
        ("skilful", "skillful"),
        ("enrolment", "enrollment"),
        ("fulfil", "fulfill"),
        ("anaemia", "anemia"),
        ("diarrhoea", "diarrhea"),
        ("catalogue", "catalog"),
        ("defence", "defense"),
        ("programmes", "programs"),
        ("cancelled", "canceled"),
        ("chiselled", "chiseled"),
        ("judgement", "judgment"),
        ("centred", "centered"),
        ("smouldering", "smoldering"),
        ("sulphur", "sulfur"),
        ("grey", "gray"),
        ("mums", "moms"),
        ("chillies", "chilies"),
        ("moustache", "mustache"),
        ("ploughed", "plowed"),
        ("pyjamas", "pajamas"),
        ("sceptical", "skeptical"),
        ("tyre", "tire"),
        ("yoghurt", "yogurt"),
    ],
)
def test_british_spellings_are_those_of_the_same_words(british: str, spelt: str) -> None:
    assert american(british) == spelt
    assert same_word(british, spelt, "en")
    assert not same_word(british, spelt, "sv")


@pytest.mark.parametrize(
    "word",
    [
        "four", "pouring", "tire", "gores", "filled", "holly", "recall", "rill", "skillful",
        "fulfill", "shoe", "poets", "canoes", "bogue", "mumble",
        "prise", "entered", "should", "prince",
    ],
)  # fmt: skip
def test_words_that_only_look_british_are_left(word: str) -> None:
    assert american(word) == word


def test_accents_make_no_other_word() -> None:
    assert same_word("fiancée", "fiancee", "en")
    assert not same_word("får", "far", "sv")
