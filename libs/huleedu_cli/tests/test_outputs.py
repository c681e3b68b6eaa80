"""What is written, from results as the gateway gives them."""

import csv
import json
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from huleedu_cli import outputs
from huleedu_cli.outputs import fixed_results, ranking, write_results
from huleedu_report import Results

CORRECTION = {
    "start": 2,
    "end": 9,
    "original": "freind ",
    "suggestions": ["friend "],
    "confidence": 0.9,
    "kind": "spelling",
}


def essay(**changes: Any) -> dict[str, Any]:
    return {
        "file": "a.txt",
        "essay_id": "1",
        "status": "assessed",
        "error": None,
        "rank": 1,
        "score": 1.25,
        "standard_error": 0.5,
        "grade": None,
        "grade_probabilities": None,
        "word_count": 300,
        "corrections": [],
        "corrected_text": "A text.",
        "text": "A text.",
        "marked": [],
        "plausible_ranks": [1, 2],
        "anchor": False,
        **changes,
    }


def results(*essays: dict[str, Any]) -> Results:
    return cast(
        "Results",
        {
            "batch_id": "b",
            "run_id": "r",
            "name": "9b",
            "language": "en",
            "judge": "offline",
            "reliability": 0.8,
            "comparisons": 12,
            "essays": list(essays),
            "notices": [],
        },
    )


FAILED = essay(
    file="b.pdf",
    status="failed",
    error="The PDF has no text.",
    rank=None,
    score=None,
    standard_error=None,
    word_count=0,
    corrected_text="",
    text="",
    plausible_ranks=None,
)


def test_results_json_has_the_promised_fields_and_tells_no_text_twice() -> None:
    given = results(
        essay(corrections=[CORRECTION], marked=[CORRECTION], text="A freind here.", grade="B"),
        FAILED,
    )
    written = fixed_results(given)
    assert set(written) == {
        "batch_id",
        "language",
        "judge",
        "reliability",
        "comparisons",
        "essays",
        "frequent_errors",
    }
    for entry in written["essays"]:
        assert set(entry) == {
            "file",
            "essay_id",
            "status",
            "error",
            "rank",
            "score",
            "standard_error",
            "grade",
            "grade_probabilities",
            "word_count",
            "corrections",
            "marked",
            "corrected_text",
            "plausible_ranks",
            "anchor",
        }
    [correction] = written["essays"][0]["corrections"]
    assert set(correction) == {"start", "end", "original", "suggestions", "confidence", "kind"}
    assert [error["written"] for error in written["frequent_errors"]] == ["freind "]


def test_results_json_tells_what_the_ranking_is_made_of() -> None:
    verdict = {"judge": "gpt", "first": "1", "second": "2", "winner": "first"}
    more = {
        "stop_reason": "Every pair has been compared.",
        "concordance": 0.9,
        "taken_over": 12,
        "judges": [{"judge": "gpt", "verdicts": 1}],
        "look_first": [{"essay_id": "1", "reason": "Its grade is uncertain."}],
        "verdicts": [{**verdict, "degree": 2, "reason": "It argues better."}],
    }
    given = results(essay(near_boundary=True, anchor_above="2"), essay(essay_id="2"))
    written = fixed_results(cast("Results", {**given, **more}))
    assert {name: written[name] for name in more} == more
    assert written["essays"][0]["near_boundary"] is True
    assert written["essays"][0]["anchor_above"] == "2"


def test_all_files_are_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "results"
    written = write_results(results(essay(file="åäö.txt"), FAILED), folder)
    assert sorted(folder.iterdir()) == sorted(written)
    loaded = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert [entry["file"] for entry in loaded["essays"]] == ["åäö.txt", "b.pdf"]
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["åäö.txt", "b.pdf"]
    assert "åäö.txt" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "errors.csv").read_bytes() == b"written,meant,kind,count,essays\r\n"
    assert (folder / "verdicts.csv").read_bytes() == b"judge,first,second,winner,degree,reason\r\n"


def test_earlier_results_stay_whole_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_results(results(essay()), tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    def broken(_results: Results) -> str:
        raise ValueError("a mark that does not fit")

    monkeypatch.setattr(outputs, "report_page", broken)
    with pytest.raises(ValueError, match="does not fit"):
        write_results(results(essay(file="changed.txt")), tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def table(given: Results) -> str:
    console = Console(width=100, record=True, quiet=False, file=None)
    with console.capture() as captured:
        console.print(ranking(given))
    return captured.get()


def test_the_table_shows_rank_file_score_with_error_words_and_corrections() -> None:
    shown = table(results(essay(corrections=[CORRECTION]), FAILED))
    line = next(line for line in shown.splitlines() if "a.txt" in line)
    assert line.split() == ["1", "a.txt", "+1.25", "±", "0.50", "300", "1"]
    assert "b.pdf" not in shown
    assert "Grade" not in shown


def test_the_table_has_grades_where_there_are_any() -> None:
    shown = table(results(essay(grade="B"), essay(file="[red].txt", rank=2)))
    assert "Grade" in shown
    assert "[red].txt" in shown
