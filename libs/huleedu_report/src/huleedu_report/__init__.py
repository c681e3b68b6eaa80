"""How results look: one implementation for the gateway's pages and for the file the CLI writes."""

from huleedu_report.marks import marked_text
from huleedu_report.page import STYLE, ranking, report_page
from huleedu_report.plot import caterpillar
from huleedu_report.results import Correction, EssayResult, FileNotice, Results
from huleedu_report.table import results_csv
from huleedu_report.wording import judge_note

__all__ = [
    "STYLE",
    "Correction",
    "EssayResult",
    "FileNotice",
    "Results",
    "caterpillar",
    "judge_note",
    "marked_text",
    "ranking",
    "report_page",
    "results_csv",
]
