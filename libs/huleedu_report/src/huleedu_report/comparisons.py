"""The comparisons behind the scores: those of one essay, and all as a log that can be fitted."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from typing import Literal, TypedDict

from huleedu_report.results import EssayResult, Results
from huleedu_report.table import cell

_COLUMNS = ("judge", "first", "second", "winner", "degree", "reason")
_SIDES: tuple[tuple[Literal["first", "second"], Literal["first", "second"]], ...] = (
    ("first", "second"),
    ("second", "first"),
)


class Comparison(TypedDict):
    """A comparison as one of its essays sees it."""

    other: EssayResult
    result: Literal["better", "worse", "alike"]
    clearly: bool
    judge: str
    reason: str | None


def essay_with(results: Results, essay_id: str | None) -> EssayResult | None:
    """The essay with that id; None if there is none."""
    return next((each for each in results["essays"] if each["essay_id"] == essay_id), None)


def comparisons_of(results: Results, essay_id: str) -> list[Comparison]:
    """The comparisons of an essay, with the best of the others first."""
    essays = {essay["essay_id"]: essay for essay in results["essays"]}
    found: list[Comparison] = []
    for verdict in results.get("verdicts", []):
        for mine, others in _SIDES:
            if verdict[mine] != essay_id or verdict[others] not in essays:
                continue
            won = "better" if verdict["winner"] == mine else "worse"
            found.append(
                {
                    "other": essays[verdict[others]],
                    "result": "alike" if verdict["winner"] == "tie" else won,  # type: ignore[typeddict-item]  # mypy widens it to str
                    "clearly": verdict["degree"] == 2,  # noqa: PLR2004 - 1 is slightly, 2 clearly
                    "judge": verdict["judge"],
                    "reason": verdict["reason"],
                }
            )
    return sorted(found, key=lambda each: each["other"]["rank"] or len(essays))


def verdicts_csv(results: Results) -> str:
    """The log of comparisons, as `huleedu cj fit` reads it: it fits to the same scores.

    Essays are named by their files; where two files have one name, by name and id.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    names = _names(results)
    for verdict in results.get("verdicts", []):
        row = (
            verdict["judge"],
            names[verdict["first"]],
            names[verdict["second"]],
            verdict["winner"],
            verdict["degree"],
            verdict["reason"],
        )
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def _names(results: Results) -> Mapping[str, str]:
    count = Counter(essay["file"] for essay in results["essays"])
    return {
        essay["essay_id"]: essay["file"]
        if count[essay["file"]] == 1
        else f"{essay['file']} {essay['essay_id']}"
        for essay in results["essays"]
    }
