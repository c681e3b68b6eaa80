"""The engine on files and JSON lines."""

import json
from pathlib import Path

import pytest

from services.spellchecker_service import alone
from services.spellchecker_service.domain import Correction


def test_a_line_with_a_text_gets_corrections_with_spans() -> None:
    line = json.dumps({"id": "1", "set": "s", "lang": "en", "kind": "ctx", "text": "My freind."})
    [answer] = map(json.loads, alone.check_lines([line], "sv"))
    assert (answer["id"], answer["set"]) == ("1", "s")
    [found] = answer["corrections"]
    assert (found["start"], found["end"], found["original"]) == (3, 9, "freind")
    assert found["suggestions"][0] == "friend"
    assert found["apply"] is True


def test_a_line_with_a_word_gets_suggestions() -> None:
    line = json.dumps({"id": "1", "set": "s", "kind": "iso", "word": "alldrig"})
    [answer] = map(json.loads, alone.check_lines([line, "\n"], "sv"))
    assert answer["suggestions"][0] == "aldrig"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1 is not JSON"),
        ("[]", "line 1 is not a JSON object"),
        ('{"text": "x", "lang": "de"}', "unknown language 'de'"),
        ('{"id": 1}', "neither a text nor a word"),
    ],
)
def test_a_line_that_cannot_be_checked_is_named(line: str, reason: str) -> None:
    with pytest.raises(alone.BadInputError, match=reason):
        list(alone.check_lines([line], "en"))


def test_a_line_without_a_language_needs_one_given() -> None:
    with pytest.raises(alone.BadInputError, match="line 1 has no lang"):
        list(alone.check_lines(['{"text": "x"}']))


def test_marks_show_what_was_changed_and_what_is_doubtful() -> None:
    sure = Correction(0, 3, "Teh", ("The",), "spelling", 0.9, applied=True)
    doubtful = Correction(4, 7, "cot", ("cat", "cut"), "spelling", 0.4, applied=False)
    unheard_of = Correction(8, 13, "flarn", (), "spelling", 0.01, applied=False)
    assert alone.marked("Teh cot flarn.", [doubtful, sure, unheard_of], colour=False) == (
        "[-Teh-]{+The+} [?cot: cat, cut?] [?flarn?]."
    )


def test_colour_changes_nothing_but_colour() -> None:
    sure = Correction(0, 3, "Teh", ("The",), "spelling", 0.9, applied=True)
    coloured = alone.marked("Teh cat", [sure], colour=True)
    for code in ("\033[31m", "\033[32m", "\033[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == alone.marked("Teh cat", [sure], colour=False)


def test_a_text_comes_back_corrected() -> None:
    result = alone.check_text("My freind.", "en")
    assert result["corrected_text"] == "My friend."
    assert alone.check_text("My freind.", "en", ["freind"])["corrected_text"] == "My freind."


def test_a_glossary_has_one_entry_a_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# the class\nSiobhán\n\n Åsa Öberg \n", encoding="utf-8")
    assert alone.read_glossary(path) == ["Siobhán", "Åsa Öberg"]
