"""The results as files and as a table in the terminal."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from huleedu_report import (
    FrequentError,
    Results,
    errors_csv,
    frequent_errors,
    report_page,
    results_csv,
    verdicts_csv,
)

_BATCH = ("batch_id", "language", "judge", "reliability", "comparisons")
_ESSAY = (
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
)
_MORE_OF_BATCH = (
    "stop_reason",
    "grade_note",
    "concordance",
    "taken_over",
    "judges",
    "look_first",
    "verdicts",
)
_MORE_OF_ESSAY = ("plausible_ranks", "anchor", "near_boundary", "anchor_above", "anchor_below")
_CORRECTION = ("start", "end", "original", "suggestions", "confidence", "kind")


def fixed_results(results: Results) -> dict[str, Any]:
    """Give what `results.json` holds: the fields that are promised, and those that tell more."""
    return {
        **_only(_BATCH, results),
        **_present(_MORE_OF_BATCH, results),
        "essays": [
            {
                **_only(_ESSAY, essay),
                **_present(_MORE_OF_ESSAY, essay),
                "corrections": [_only(_CORRECTION, entry) for entry in essay["corrections"]],
                "marked": [_only(_CORRECTION, entry) for entry in essay.get("marked", [])],
                "corrected_text": essay["corrected_text"],
            }
            for essay in results["essays"]
        ],
        "frequent_errors": _errors(results),
    }


def _errors(results: Results) -> list[FrequentError]:
    return frequent_errors(essay["corrections"] for essay in results["essays"])


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write `results.json`, three CSV files and `report.html`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "results.json": json.dumps(fixed_results(results), indent=2, ensure_ascii=False) + "\n",
        "results.csv": results_csv(results),
        "errors.csv": errors_csv(_errors(results)),
        "verdicts.csv": verdicts_csv(results),
        "report.html": report_page(results),
    }
    return [_write(folder / name, content) for name, content in contents.items()]


def ranking(results: Results) -> Table:
    """Make a table of the essays that were assessed, best first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    graded = any(essay["grade"] for essay in results["essays"])
    table.add_column("Rank", justify="right")
    table.add_column("File", overflow="fold")
    table.add_column("Score ± error", justify="right")
    if graded:
        table.add_column("Grade")
    table.add_column("Words", justify="right")
    table.add_column("Corrections", justify="right")
    for essay in results["essays"]:
        if essay["status"] != "assessed":
            continue
        score, error = essay["score"] or 0.0, essay["standard_error"] or 0.0
        table.add_row(
            str(essay["rank"]),
            Text(essay["file"]),
            f"{score:+.2f} ± {error:.2f}",
            *([essay["grade"] or ""] if graded else []),
            str(essay["word_count"]),
            str(len(essay["corrections"])),
        )
    return table


def _only(names: tuple[str, ...], source: Any) -> dict[str, Any]:
    return {name: source[name] for name in names}


def _present(names: tuple[str, ...], source: Any) -> dict[str, Any]:
    return {name: source[name] for name in names if name in source}


def _write(path: Path, content: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=path.parent, prefix=".", delete=False
    ) as file:
        try:
            file.write(content)
            file.close()
            Path(file.name).chmod(0o666 & ~_umask())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return path


def _umask() -> int:
    """Tell the permissions that new files do not get; reading them means setting them."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
