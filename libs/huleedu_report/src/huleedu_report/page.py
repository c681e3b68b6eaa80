"""The ranking as a piece of a page, and the whole report as one file that needs nothing else."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from huleedu_report import wording
from huleedu_report.comparisons import comparisons_of, essay_with
from huleedu_report.frequent_errors import frequent_errors
from huleedu_report.marks import marked_text
from huleedu_report.plot import caterpillar
from huleedu_report.results import EssayResult, Results

STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
"""What the plot, the table, the marks and the page around them look like, light and dark."""

_TEMPLATES = Environment(
    loader=PackageLoader("huleedu_report"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_TEMPLATES.globals.update(
    wording=wording,
    caterpillar=caterpillar,
    comparisons_of=comparisons_of,
    essay_with=essay_with,
    frequent_errors=frequent_errors,
    marked_text=marked_text,
    judge_note=wording.judge_note,
    errors_shown=20,
)


def ranking(results: Results, *, link: Callable[[EssayResult], str]) -> Markup:
    """Plot, table, and what could not be assessed; `link` gives the address of an essay."""
    return Markup(  # noqa: S704 - made by a template that escapes
        _TEMPLATES.get_template("ranking.html").render(results=results, link=link)
    )


def details(results: Results, essay: EssayResult, *, link: Callable[[EssayResult], str]) -> Markup:
    """What an essay's place is made of: grades and their chances, anchors, comparisons."""
    return Markup(  # noqa: S704 - made by a template that escapes
        _TEMPLATES.get_template("details.html").render(results=results, essay=essay, link=link)
    )


def report_page(results: Results) -> str:
    """A whole HTML document: the ranking, and every essay with its corrections in place."""
    return _TEMPLATES.get_template("report.html").render(
        results=results,
        style=Markup(STYLE),  # noqa: S704 - our own file
        link=lambda essay: f"#essay-{essay['essay_id']}",
    )
