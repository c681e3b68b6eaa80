"""`huleedu batches`: what a batch is waiting for, essays that come late, and its deletion."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID

import typer

from huleedu_cli.problem import Problem, api_key_for, told
from huleedu_cli.terminal import visible

if TYPE_CHECKING:
    from huleedu_cli.essays import Handed
    from huleedu_report import Results

_SOME_NOT_ADDED = 2

batches = typer.Typer(
    no_args_is_help=True,
    help="Batches as the gateway shows them: that of `--gateway`, with its key in"
    " HULEEDU_API_KEY, or that of the stack that `huleedu up` has started.",
)

_Batch = Annotated[UUID, typer.Argument(help="The batch.", metavar="ID")]
_Address = Annotated[str | None, typer.Option(help="Address of a running HuleEdu.")]
_CONFIRMING_SECONDS = 30.0
_PAUSE_SECONDS = 0.5


@batches.command()
def show(batch_id: _Batch, gateway: _Address = None) -> None:
    """Say what a batch is waiting for, since when, and what to do about it."""
    from huleedu_cli.client import Gone  # noqa: PLC0415 - so that help is given at once

    with told():
        url, key = _gateway(gateway)
        try:
            status, waiting = asyncio.run(_ask(url, key, str(batch_id)))
        except Gone as deleted:
            typer.echo(str(deleted))
        else:
            typer.echo(description(status, waiting))


@batches.command()
def delete(
    batch_id: _Batch,
    gateway: _Address = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a batch with everything derived from it, in every service. There is no way back."""
    with told():
        url, key = _gateway(gateway)
        if not yes:
            status, _ = asyncio.run(_ask(url, key, str(batch_id)))
            typer.echo(visible(f"{status['name']} ({status['status'].replace('_', ' ')})"))
            typer.confirm("Delete it with its essays and results, for ever?", abort=True)
        deletion = asyncio.run(_delete(url, key, str(batch_id)))
        if deletion["completed_at"]:
            typer.echo("Deleted; every service has forgotten it.")
        else:
            waiting = ", ".join(deletion["waiting_for"])
            typer.echo(f"Deleted; still to forget it, as soon as they run: {waiting}.")


@batches.command()
def add(
    batch_id: _Batch,
    paths: Annotated[
        list[Path], typer.Argument(help="Essays, or folders of essays.", metavar="PATH")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Wait for the new results, and write them to this folder.")
    ] = None,
    gateway: _Address = None,
) -> None:
    """Let essays that came late join a batch; exit code 2 if some could not be added."""
    from huleedu_cli.essays import collect  # noqa: PLC0415 - so that help is given at once

    with told():
        handed = collect(paths)
        url, key = _gateway(gateway)
        outcomes = asyncio.run(_add(url, key, str(batch_id), handed, output))
        outcomes |= {gone.file: gone.reason for gone in handed.refused}
        for file, reason in outcomes.items():
            typer.echo(visible(f"{file}: {reason or 'added'}"))
        raise typer.Exit(_SOME_NOT_ADDED if any(outcomes.values()) else 0)


async def _add(
    url: str, key: str, batch_id: str, handed: "Handed", output: Path | None
) -> dict[str, str | None]:
    """By file why it was not added, None if it was."""
    from huleedu_cli.client import Gateway  # noqa: PLC0415 - as above
    from huleedu_cli.outputs import write_results  # noqa: PLC0415 - as above

    outcomes: dict[str, str | None] = {}
    run_id = None
    async with Gateway(url, key) as gateway:
        async for answer in gateway.add_essays(batch_id, handed.essays):
            outcomes |= {file["file"]: file["reason"] for file in answer["files"]}
            run_id = answer["run_id"] or run_id
            typer.echo(visible(answer["message"]))
        if output is not None:
            async for _status in gateway.events(batch_id, run_id):
                pass
            written = write_results(cast("Results", await gateway.results(batch_id)), output)
            typer.echo("Written: " + ", ".join(map(str, written)))
    return outcomes


def _gateway(url: str | None) -> tuple[str, str]:
    from huleedu_cli import state  # noqa: PLC0415 - so that help is given at once

    if url is not None:
        return url, api_key_for(url)
    running = state.read()
    if running is None:
        raise Problem("Which HuleEdu? Name its --gateway, or start one with `huleedu up`.")
    return running.gateway_url, os.environ.get("HULEEDU_API_KEY") or running.api_key


async def _ask(url: str, key: str, batch_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from huleedu_cli.client import Gateway  # noqa: PLC0415 - as above

    async with Gateway(url, key) as gateway:
        # First, for it is there when the read model is not.
        waiting = await gateway.waiting(batch_id)
        try:
            status = await gateway.status(batch_id)
        except Problem:
            status = {"name": batch_id, "status": "unknown", "phases": ()}
    return status, waiting


async def _delete(url: str, key: str, batch_id: str) -> dict[str, Any]:
    """What there is to say when all have confirmed, or after some time."""
    from huleedu_cli.client import Gateway  # noqa: PLC0415 - as above

    async with Gateway(url, key) as gateway:
        deletion = await gateway.delete(batch_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRMING_SECONDS):
                while deletion["completed_at"] is None:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    deletion = await gateway.deletion(batch_id)
        return deletion


def description(status: dict[str, Any], waiting: dict[str, Any]) -> str:
    """The name, one sentence, what to do, and what is wrong."""
    lines = [f"{status['name']} ({status['status'].replace('_', ' ')})", waiting["sentence"]]
    if waiting["advice"]:
        lines.append(f"What to do: {waiting['advice']}")
    lines += [
        f"  {phase['title']}: {phase['status']}, {phase['done']} of {phase['total']}"
        for phase in status["phases"]
    ]
    if waiting["troubles"]:
        lines.append("Troubles:")
        lines += [f"  {each['what']}. {each['advice']}" for each in waiting["troubles"]]
    return "\n".join(visible(line) for line in lines)
