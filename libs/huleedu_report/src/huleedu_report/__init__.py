"""How results look: one implementation for the gateway's pages and for the file the CLI writes."""

from huleedu_report.comparisons import Comparison, comparisons_of, verdicts_csv
from huleedu_report.frequent_errors import errors_csv, frequent_errors
from huleedu_report.marks import marked_text
from huleedu_report.page import STYLE, details, ranking, report_page
from huleedu_report.plot import caterpillar
from huleedu_report.results import (
    Correction,
    EssayResult,
    FileNotice,
    FrequentError,
    JudgeReport,
    LookFirst,
    Results,
    Verdict,
)
from huleedu_report.table import results_csv
from huleedu_report.wording import judge_note

__all__ = [
    "STYLE",
    "Comparison",
    "Correction",
    "EssayResult",
    "FileNotice",
    "FrequentError",
    "JudgeReport",
    "LookFirst",
    "Results",
    "Verdict",
    "caterpillar",
    "comparisons_of",
    "details",
    "errors_csv",
    "frequent_errors",
    "judge_note",
    "marked_text",
    "ranking",
    "report_page",
    "results_csv",
    "verdicts_csv",
]
