"""The commands that people type."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from huleedu_cli.batches import batches
from huleedu_cli.cj import cj
from huleedu_cli.dead_letters import dead_letters
from huleedu_cli.problem import told

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="HuleEdu corrects the spelling of a class set of essays and ranks it.",
)

app.add_typer(batches, name="batches")
app.add_typer(cj, name="cj")
app.add_typer(dead_letters, name="dead-letters")

_COULD_NOT = 1


class Language(StrEnum):
    ENGLISH = "en"
    SWEDISH = "sv"


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


@app.command()
def assess(  # noqa: PLR0913, PLR0917 - an option each
    paths: Annotated[
        list[Path], typer.Argument(help="Essays, or folders of essays.", metavar="PATH")
    ],
    prompt: Annotated[
        Path | None, typer.Option(help="Text file with the assignment the essays answer.")
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of the essays; found out when not given.", show_default=False),
    ] = None,
    anchors: Annotated[
        Path | None,
        typer.Option(help="CSV file with known grades: columns file and grade, files beside it."),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option(help="Text file that says what makes an essay good.")
    ] = None,
    glossary: Annotated[
        Path | None,
        typer.Option(help="Text file with names and words that are right, one a line."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    gateway: Annotated[
        str | None,
        typer.Option(help="Address of a running HuleEdu; its key in HULEEDU_API_KEY."),
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Who compares the essays.")] = None,
) -> None:
    """Correct and rank essays; exit code 0 if every one got a result, 2 if some did not."""
    # Here, so that help and mistakes are answered at once.
    from huleedu_cli import assess as assessment  # noqa: PLC0415
    from huleedu_embedded.infrastructure import InfrastructureError  # noqa: PLC0415

    with told(InfrastructureError):
        order = assessment.prepare(
            paths,
            prompt=prompt,
            rubric=rubric,
            glossary=glossary,
            language_code=language,
            anchors=anchors,
            output=output,
            judge=judge,
        )
        # A file or a pipe has no width; 80 columns would break the table.
        console = Console(width=None if sys.stdout.isatty() else 120)
        raise typer.Exit(assessment.assess(order, gateway, console))


@app.command()
def spell(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Essays, folders of essays, or files of JSON lines.", metavar="PATH"),
    ],
    language: Annotated[
        Language | None,
        typer.Option(help="Language of the texts; found out when not given.", show_default=False),
    ] = None,
    glossary: Annotated[
        Path | None, typer.Option(help="Text file with words that are right, one a line.")
    ] = None,
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text: the essays with their corrections marked; json: an object for each essay;"
            " jsonl: a line of predictions for each line of input.",
        ),
    ] = Format.TEXT,
) -> None:
    """Correct the spelling without the stack; exit code 2 if some files could not be read."""
    from huleedu_cli import spell as spelling  # noqa: PLC0415 - as above

    with told():
        words = spelling.read_glossary(glossary)
        if format_ is Format.JSONL:
            spelling.check_lines(paths, language, words)
        else:
            handed = spelling.collect_essays(paths, glossary)
            as_json = format_ is Format.JSON
            raise typer.Exit(spelling.check_essays(handed, language, words, as_json=as_json))


@app.command()
def up(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the data in; without it they go when the stack stops."),
    ] = None,
) -> None:
    """Run the whole stack on this machine until Ctrl-C."""
    from huleedu_cli.up import up as run_stack  # noqa: PLC0415 - as above
    from huleedu_embedded.infrastructure import InfrastructureError  # noqa: PLC0415 - as above

    with told(InfrastructureError):
        try:
            run_stack(Console(), data)
        except KeyboardInterrupt:
            Console().print("Stopped.")


@app.command()
def trace(
    correlation_id: Annotated[
        UUID, typer.Argument(help="As the gateway answers it in X-Correlation-ID, and every log.")
    ],
) -> None:
    """Print the events that caused one another, with their times across the services."""
    from huleedu_cli.trace import trace as follow  # noqa: PLC0415 - as above

    with told():
        follow(correlation_id)


@app.command()
def doctor() -> None:
    """Tell what is up, what is not, and what to do about it."""
    from huleedu_cli.doctor import doctor as examine  # noqa: PLC0415 - as above

    raise typer.Exit(0 if examine(Console()) else _COULD_NOT)
