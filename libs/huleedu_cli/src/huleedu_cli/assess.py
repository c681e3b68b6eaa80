"""From essays on the disk to a ranking: `huleedu assess`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.text import Text

from common_core.http_models import MAX_GLOSSARY
from huleedu_cli import language
from huleedu_cli.anchors import KnownGrade, grade_scale, read_anchors
from huleedu_cli.client import Gateway
from huleedu_cli.essays import Handed, collect
from huleedu_cli.outputs import ranking, write_results
from huleedu_cli.problem import Problem, api_key_for
from huleedu_cli.progress import BatchProgress
from huleedu_cli.running import run, running_stack
from huleedu_cli.spell import read_glossary
from huleedu_report import FileNotice, Results, judge_note

EVERY_ESSAY_ASSESSED = 0
SOME_NOT_ASSESSED = 2
_LANGUAGES = {"en": "English", "sv": "Swedish"}
_PIPELINE = ["spellcheck", "cj_assessment"]
_MAX_PROMPT_CHARACTERS = 20_000
_MAX_NAME_CHARACTERS = 200
_MAX_ENTRY_CHARACTERS = 100


@dataclass(frozen=True)
class Order:
    """What was asked for, checked as far as it can be before anything is started."""

    handed: Handed
    batch: dict[str, Any]
    output: Path


def prepare(
    paths: Sequence[Path],
    *,
    prompt: Path | None,
    rubric: Path | None = None,
    glossary: Path | None = None,
    language_code: str | None,
    anchors: Path | None,
    output: Path,
    judge: str | None,
) -> Order:
    """Look at everything that was given. Raises Problem."""
    known = read_anchors(anchors) if anchors else []
    others = {path.resolve() for path in (prompt, rubric, glossary, anchors, output) if path}
    handed = collect(paths, also=[anchor.path for anchor in known], leave_out=others)
    batch = {
        "name": _batch_name(paths),
        "language": language_code or language.detect(essay.path for essay in handed.essays) or "en",
        "essay_count": len(handed.essays),
        "assignment": _words("assignment", prompt) if prompt else None,
        "anchors": _anchors(known, handed),
        "grade_scale": grade_scale(anchor.grade for anchor in known),
        "pipeline": _PIPELINE,
        **({"rubric": _words("rubric", rubric)} if rubric else {}),
        **({"glossary": _glossary(glossary)} if glossary else {}),
        **({"judge": judge} if judge else {}),
    }
    _check_output(output)
    return Order(handed, batch, output)


def assess(order: Order, gateway_url: str | None, console: Console) -> int:
    """Have the essays assessed, write and show the results; the exit code."""
    code = order.batch["language"]
    _say(console, f"{_essays(len(order.handed.essays))} in {_LANGUAGES[code]}")
    for gone in order.handed.refused:
        _say(console, f"{gone.file}: {gone.reason}", style="yellow")
    return run(_assess(order, gateway_url, console))


async def _assess(order: Order, gateway_url: str | None, console: Console) -> int:
    if gateway_url:
        key = api_key_for(gateway_url)
        return _hand_back(order, await _run_batch(order, gateway_url, key, console), console)
    async with running_stack(console) as running:
        url, key = running.stack.gateway_url, running.stack.api_key
        work = _run_batch(order, url, key, console, log_in=f"{url}/login?key={key}")
        return _hand_back(order, await running.launcher.while_running(work), console)


def _hand_back(order: Order, results: Results, console: Console) -> int:
    notices = results.setdefault("notices", [])
    notices += [FileNotice(file=gone.file, reason=gone.reason) for gone in order.handed.refused]
    written = write_results(results, order.output)
    _show(results, written, console)
    failed = [essay for essay in results["essays"] if essay["status"] != "assessed"]
    whole = results["essays"] and not failed and not notices
    return EVERY_ESSAY_ASSESSED if whole else SOME_NOT_ASSESSED


async def _run_batch(
    order: Order, url: str, key: str, console: Console, *, log_in: str | None = None
) -> Results:
    essays = order.handed.essays
    status: dict[str, Any] = {}
    asked = False
    async with Gateway(url, key) as gateway:
        batch_id = await gateway.create_batch(order.batch)
        with BatchProgress(console) as progress:
            sent = 0
            async for outcomes in gateway.upload(batch_id, essays):
                sent += len(outcomes)
                progress.uploaded(sent, len(essays))
                for outcome in outcomes:
                    if outcome["status"] == "rejected":
                        _say(console, f"{outcome['file']}: {outcome['reason']}", style="yellow")
            async for status in gateway.events(batch_id):
                progress.status(status)
                if status.get("waiting_for_people") and not asked:
                    asked = True
                    _ask_people(f"{url}/batches/{batch_id}/compare", log_in, console)
        if status.get("status") == "failed" and not status.get("results_ready"):
            raise Problem(f"The batch could not be assessed: {status['message']}")
        return cast("Results", await gateway.results(batch_id))


def _ask_people(address: str, log_in: str | None, console: Console) -> None:
    _say(console, f"People are to compare now, at {address}")
    if log_in is not None:
        _say(console, f"To get in there, log in first: {log_in}")


def _batch_name(paths: Sequence[Path]) -> str:
    first = paths[0].resolve()
    folder = first if first.is_dir() else first.parent
    return (folder.name or "essays").encode(errors="replace").decode()[:_MAX_NAME_CHARACTERS]


def _words(what: str, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise Problem(f"The {what} cannot be read from {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Problem(f"The {what} {file} is not a plain text file in UTF-8.") from error
    if len(text) > _MAX_PROMPT_CHARACTERS:
        raise Problem(
            f"The {what} {file} has {len(text):,} characters; at most"
            f" {_MAX_PROMPT_CHARACTERS:,} are allowed."
        )
    return text


def _glossary(path: Path) -> list[str]:
    entries = list(dict.fromkeys(read_glossary(path)))
    if len(entries) > MAX_GLOSSARY or any(len(entry) > _MAX_ENTRY_CHARACTERS for entry in entries):
        raise Problem(
            f"The glossary {path} has more than {MAX_GLOSSARY:,} entries, or one of more than"
            f" {_MAX_ENTRY_CHARACTERS} characters."
        )
    return entries


def _anchors(known: Sequence[KnownGrade], handed: Handed) -> list[dict[str, str]] | None:
    names = {essay.path: essay.name for essay in handed.essays}
    anchors = [
        {"file": names[anchor.path], "grade": anchor.grade}
        for anchor in known
        if anchor.path in names
    ]
    return anchors or None


def _check_output(output: Path) -> None:
    existing = output
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise Problem(f"The results cannot be written to {output}: {existing} is a file.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Problem(f"The results cannot be written to {output}: no permission in {existing}.")


def _show(results: Results, written: Sequence[Path], console: Console) -> None:
    console.print()
    if any(essay["status"] == "assessed" for essay in results["essays"]):
        console.print(ranking(results))
        console.print()
        _say(
            console,
            f"{results['comparisons']} comparisons by the {results['judge']} judge,"
            f" reliability {results['reliability']:.2f}",
        )
        note = judge_note(results["judge"])
        if note:
            _say(console, note.capitalize() + ".", style="yellow")
        if results.get("grade_note"):
            _say(console, str(results["grade_note"]), style="yellow")
    gone = [(essay["file"], essay["error"]) for essay in results["essays"] if essay["error"]]
    gone += [(notice["file"], notice["reason"]) for notice in results.get("notices", [])]
    if gone:
        _say(console, "Not assessed:", style="bold yellow")
        for file, reason in dict.fromkeys(gone):
            _say(console, f"  {file}: {reason}", style="yellow")
    _say(console, "Written: " + ", ".join(str(path) for path in written))


def _essays(count: int) -> str:
    return "1 essay" if count == 1 else f"{count} essays"


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
