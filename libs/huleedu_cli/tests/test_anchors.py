"""Known grades, and what is wrong with a file of them."""

from pathlib import Path

import pytest

from huleedu_cli.anchors import grade_scale, read_anchors
from huleedu_cli.problem import Problem


def anchors(tmp_path: Path, text: str) -> Path:
    (tmp_path / "one.txt").write_text("An essay.")
    (tmp_path / "two.txt").write_text("Another essay.")
    file = tmp_path / "anchors.csv"
    file.write_text(text, encoding="utf-8-sig")
    return file


@pytest.mark.parametrize("separator", [",", ";"])
def test_files_are_relative_to_the_csv(tmp_path: Path, separator: str) -> None:
    text = "file,grade\none.txt,A\n two.txt , C\n\n".replace(",", separator)
    known = read_anchors(anchors(tmp_path, text))
    assert [(anchor.path.name, anchor.grade) for anchor in known] == [
        ("one.txt", "A"),
        ("two.txt", "C"),
    ]
    assert all(anchor.path.is_absolute() for anchor in known)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,mark\none.txt,A\n", "columns file and grade"),
        ("file,grade\nthree.txt,A\n", "line 2: there is no file “three.txt”"),
        ("file,grade\none.txt,\n", "“one.txt” has no grade"),
        ("file,grade\none.txt\n", "“one.txt” has no grade"),
        ("file,grade\none.txt,A\none.txt,B\n", "line 3: “one.txt” has two grades"),
        ("file,grade\n", "has no anchors"),
        ("", "columns file and grade"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Problem, match=complaint):
        read_anchors(anchors(tmp_path, text))


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        read_anchors(tmp_path / "anchors.csv")


@pytest.mark.parametrize(
    ("grades", "scale"),
    [
        (["C", "A", "F"], None),
        (["1", "5.5", "3"], ["5.5", "3", "1"]),
        (["B-", "A", "B", "A-", "B+"], ["A", "A-", "B+", "B", "B-"]),
    ],
)
def test_grades_are_ordered_from_best_to_worst(grades: list[str], scale: list[str] | None) -> None:
    assert grade_scale(grades) == scale


def test_an_order_that_cannot_be_known_is_asked_for() -> None:
    with pytest.raises(Problem, match="Which of the grades bra, dåligt is the best"):
        grade_scale(["bra", "dåligt"])
