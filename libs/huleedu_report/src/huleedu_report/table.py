"""The results as a spreadsheet."""

import csv
import io

from huleedu_report.results import EssayResult, Results

_COLUMNS = (
    "rank",
    "file",
    "status",
    "score",
    "standard_error",
    "best_plausible_rank",
    "worst_plausible_rank",
    "grade",
    "grade_probability",
    "words",
    "corrections",
    "error",
    "judge",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def results_csv(results: Results) -> str:
    """One line per essay, by rank, then those that failed; comma-separated, with a header.

    Text that a spreadsheet would run as a formula is led by an apostrophe, because file names and
    grades come from whoever uploaded them.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for essay in results["essays"]:
        writer.writerow([cell(value) for value in _row(essay, results["judge"])])
    return out.getvalue()


def _row(essay: EssayResult, judge: str) -> list[str | int | float | None]:
    best, worst = essay.get("plausible_ranks") or (None, None)
    grade = essay["grade"]
    return [
        essay["rank"],
        essay["file"],
        essay["status"],
        essay["score"],
        essay["standard_error"],
        best,
        worst,
        grade,
        (essay["grade_probabilities"] or {}).get(grade) if grade else None,
        essay["word_count"],
        len(essay["corrections"]),
        essay["error"],
        judge,
    ]


def cell(value: str | float | None) -> str | float | None:
    """A value as a spreadsheet may safely have it."""
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return f"'{value}"
    if isinstance(value, float):
        return round(value, 4)
    return value
