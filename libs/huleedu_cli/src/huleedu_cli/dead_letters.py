"""`huleedu dead-letters`: the events that could not be handled, and what becomes of them."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console

from huleedu_cli.problem import told

dead_letters = typer.Typer(
    no_args_is_help=True,
    help="Events that could not be handled. PostgreSQL is the one in DATABASE_URL, or that of the"
    " stack that `huleedu up` has started.",
)

_WIDE = 200

_Service = Annotated[
    str, typer.Argument(help="The service that could not handle it.", metavar="SERVICE")
]
_Id = Annotated[
    int, typer.Argument(help="Its number in `list`.", metavar="ID", min=1, max=2**63 - 1)
]


@dead_letters.command("list")
def list_(
    service: Annotated[
        str | None, typer.Argument(help="One service; all when not given.", metavar="[SERVICE]")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Those replayed and dropped too.")] = False,
    limit: Annotated[int, typer.Option(help="How many of each service.", min=1)] = 100,
) -> None:
    """List the dead letters of one service, or of all."""
    from huleedu_cli import letters  # noqa: PLC0415 - so that help is given at once

    with told():
        server, services = letters.server(), letters.chosen(service)
        piles = asyncio.run(letters.piles(server, services, every=every, limit=limit))
        # As wide as its lines in a file or a pipe, which has no width.
        console = Console(width=None if sys.stdout.isatty() else _WIDE)
        letters.print_piles(piles, limit, console, Console(stderr=True))


@dead_letters.command()
def show(service: _Service, number: _Id) -> None:
    """Show a dead letter: where it comes from, why it is dead, its headers and its body."""
    from huleedu_cli import letters  # noqa: PLC0415 - as above

    with told():
        letter = asyncio.run(letters.one(letters.server(), service, number))
        typer.echo(letters.description(letter))


@dead_letters.command()
def replay(service: _Service, number: _Id) -> None:
    """Send a dead letter again, the bytes it came with, once what killed it is repaired."""
    from huleedu_cli import letters  # noqa: PLC0415 - as above

    with told():
        letter = asyncio.run(letters.replay(letters.server(), service, number))
        typer.echo(
            f"Replayed: {letter.event_type or 'the message'} goes to {letter.topic} again"
            f" as soon as {service} runs."
        )


@dead_letters.command()
def drop(
    service: _Service,
    number: _Id,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Decide that a dead letter will not be handled; it stays in the database."""
    from huleedu_cli import letters  # noqa: PLC0415 - as above

    with told():
        server = letters.server()
        if not yes:
            letter = asyncio.run(letters.one(server, service, number))
            typer.echo(letters.summary(letter))
            typer.confirm("Drop it? It will not be handled.", abort=True)
        asyncio.run(letters.drop(server, service, number))
        typer.echo("Dropped.")
