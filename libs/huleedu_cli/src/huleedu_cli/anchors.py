"""Essays whose grades are known, from a CSV file with the columns `file` and `grade`."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huleedu_cli.problem import Problem

_USUAL = ("A", "B", "C", "D", "E", "F")
_SIGNS = {"+": -1, "": 0, "-": 1}


@dataclass(frozen=True)
class KnownGrade:
    """`path` is resolved."""

    path: Path
    grade: str


def read_anchors(file: Path) -> list[KnownGrade]:
    """Read the known grades; files are relative to the CSV's folder. Raises Problem."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"The anchors cannot be read from {file}: {error}.") from error
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter)
    if not {"file", "grade"} <= set(rows.fieldnames or ()):
        raise Problem(f"{file} needs a first line with the columns file and grade.")
    known: dict[Path, str] = {}
    for row in rows:
        name, grade = (row["file"] or "").strip(), (row["grade"] or "").strip()
        if not name and not grade:
            continue
        path = (file.parent / name).resolve()
        if not name or not path.is_file():
            raise Problem(f"{file}, line {rows.line_num}: there is no file “{name}”.")
        if not grade:
            raise Problem(f"{file}, line {rows.line_num}: “{name}” has no grade.")
        if known.setdefault(path, grade) != grade:
            raise Problem(f"{file}, line {rows.line_num}: “{name}” has two grades.")
    if not known:
        raise Problem(f"{file} has no anchors.")
    return [KnownGrade(path, grade) for path, grade in known.items()]


def grade_scale(grades: Iterable[str]) -> list[str] | None:
    """Order grades from best to worst; None for the usual A to F, which needs no telling.

    Numbers count upwards, letters from A, each with a plus before and a minus after it. Raises
    Problem for anything else, because a guess would turn a ranking around.
    """
    distinct = set(grades)
    if distinct <= set(_USUAL):
        return None
    try:
        return sorted(distinct, key=lambda grade: -float(grade.replace(",", ".")))
    except ValueError:
        pass
    if all(grade[:1].isalpha() and grade[1:] in _SIGNS for grade in distinct):
        return sorted(distinct, key=lambda grade: (grade[0].upper(), _SIGNS[grade[1:]]))
    named = ", ".join(sorted(distinct))
    raise Problem(
        f"Which of the grades {named} is the best? Use numbers (more is better) or letters with"
        " + and - (A is the best)."
    )
