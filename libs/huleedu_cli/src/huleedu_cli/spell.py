"""`huleedu spell`: the spelling engine on files, without the stack."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer
from rich.console import Console
from rich.text import Text

from huleedu_cli import language as languages
from huleedu_cli.clone import need_services
from huleedu_cli.essays import Essay, Handed, Refused, collect
from huleedu_cli.problem import Problem

if TYPE_CHECKING:  # the services can be imported only once they are found
    from services.spellchecker_service.domain import Language

_EVERY_FILE_READ = 0
_SOME_NOT_READ = 2


def read_glossary(path: Path | None) -> Sequence[str]:
    """Read the words that are right, one a line. Raises Problem."""
    need_services()
    from services.spellchecker_service import alone  # noqa: PLC0415 - now it can be imported

    if path is None:
        return ()
    try:
        return alone.read_glossary(path)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not a text file in UTF-8.") from error


def collect_essays(paths: Sequence[Path], glossary: Path | None) -> Handed:
    """Find the essays; the glossary may lie among them. Raises Problem if there are none."""
    return collect(paths, leave_out={glossary.resolve()} if glossary else ())


def check_essays(handed: Handed, code: str | None, words: Sequence[str], *, as_json: bool) -> int:
    """Print each essay with its corrections; the exit code.

    `as_json`: one object a line, whose spans are places in its `text`: the essay as the content
    service would store it.
    """
    chosen = code or languages.detect(essay.path for essay in handed.essays) or "en"
    refused = [*handed.refused]
    printed = 0
    for essay in handed.essays:
        text = _read(essay)
        if isinstance(text, Refused):
            refused.append(text)
        elif as_json:
            typer.echo(_as_json(essay, text, cast("Language", chosen), words))
        else:
            heading = essay.name if len(handed.essays) > 1 else None
            _print_marked(heading, text, cast("Language", chosen), words, first=not printed)
        printed += not isinstance(text, Refused)
    for gone in refused:
        notice = Text(f"{gone.file}: {gone.reason}", style="yellow")
        Console(stderr=True).print(notice, soft_wrap=True)
    return _SOME_NOT_READ if refused else _EVERY_FILE_READ


def check_lines(paths: Sequence[Path], code: str | None, words: Sequence[str]) -> None:
    """Print a line of predictions for each line of input. Raises Problem."""
    from services.spellchecker_service import alone  # noqa: PLC0415 - as above

    for path in paths:
        try:
            for line in alone.check_lines(_lines(path), cast("Language | None", code), words):
                typer.echo(line)
        except alone.BadInputError as error:
            raise Problem(f"{path}: {error}.") from error


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not a text file in UTF-8.") from error


def _read(essay: Essay) -> str | Refused:
    from services.content_service.domain import UnreadableFile, extract  # noqa: PLC0415 - as above

    try:
        return extract(essay.path.name, essay.path.read_bytes()).text
    except UnreadableFile as error:
        return Refused(essay.name, error.reason)
    except OSError as error:
        return Refused(essay.name, f"The file cannot be read: {error.strerror}.")


def _as_json(essay: Essay, text: str, code: "Language", words: Sequence[str]) -> str:
    from services.spellchecker_service.alone import check_text  # noqa: PLC0415 - as above

    checked = check_text(text, code, words)
    return json.dumps({"file": essay.name, "text": text, **checked}, ensure_ascii=False)


def _print_marked(
    heading: str | None, text: str, code: "Language", words: Sequence[str], *, first: bool
) -> None:
    from services.spellchecker_service.alone import marked  # noqa: PLC0415 - as above
    from services.spellchecker_service.domain import check  # noqa: PLC0415 - as above

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if heading is not None:
        title = typer.style(f"== {heading} ==", bold=colour or None)
        typer.echo(f"{title}\n" if first else f"\n{title}\n")
    typer.echo(marked(text, check(text, code, words), colour=colour), color=True)
