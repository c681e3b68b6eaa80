"""Dead letters in the databases of the services, and how they are shown."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from huleedu_cli import state
from huleedu_cli.problem import Problem
from huleedu_cli.terminal import visible
from huleedu_service_libs.database import create_engine
from huleedu_service_libs.dead_letters import DeadLetter, DeadLetters, DeadLetterStatus
from huleedu_service_libs.errors import DatabaseUnavailable

CONSUMERS = (
    "content_service",
    "batch_orchestrator_service",
    "batch_conductor_service",
    "essay_lifecycle_service",
    "spellchecker_service",
    "cj_assessment_service",
    "result_aggregator_service",
)

_NEVER_RUN = (asyncpg.InvalidCatalogNameError, asyncpg.UndefinedTableError)


class NoDatabase(Problem):
    """The service has never run on this server."""


@dataclass(frozen=True)
class Pile:
    """The oldest dead letters of a service; None if it has no database."""

    service: str
    letters: Sequence[DeadLetter] | None


def server() -> str:
    """Find PostgreSQL: what the environment names, else that of the stack that runs here."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    running = state.read()
    if running is None:
        raise Problem(
            "Which PostgreSQL? Set DATABASE_URL, or start the stack on this machine with"
            " `huleedu up`."
        )
    return running.infrastructure["DATABASE_URL"]


def chosen(service: str | None) -> Sequence[str]:
    """Give the one service, or all. Raises Problem for one that has no dead letters."""
    if service is None:
        return CONSUMERS
    if service not in CONSUMERS:
        raise Problem(f"No service {service!r} handles events; these do: {', '.join(CONSUMERS)}.")
    return [service]


@asynccontextmanager
async def opened(server: str, service: str) -> AsyncIterator[DeadLetters]:
    """Open the dead letters of a service; what goes wrong meanwhile is raised as Problem."""
    try:
        url = make_url(server)
        engine = create_engine(server, service)
    except (ArgumentError, ValueError) as error:
        raise Problem(
            "DATABASE_URL is not an address like postgresql://host:5432/postgres."
        ) from error
    where = f"{url.host}:{url.port or 5432}"
    try:
        yield DeadLetters(engine, service)
    except LookupError as error:
        raise Problem(f"{service}: {error}.") from error
    except (DBAPIError, DatabaseUnavailable) as error:
        refusal = error.orig if isinstance(error, DBAPIError) else error.__cause__
        if isinstance(refusal, OSError):
            raise Problem(f"PostgreSQL at {where} cannot be reached: {refusal}.") from error
        if isinstance(refusal and refusal.__cause__, _NEVER_RUN):
            raise NoDatabase(f"{service} has no database at {where}: it has not run.") from error
        raise Problem(f"PostgreSQL at {where} refuses: {refusal}.") from error
    finally:
        await engine.dispose()


async def piles(server: str, services: Sequence[str], *, every: bool, limit: int) -> list[Pile]:
    """List up to one more than `limit` of each. Raises Problem if no service has a database."""
    status = None if every else DeadLetterStatus.DEAD
    found = []
    missing: NoDatabase | None = None
    for service in services:
        try:
            async with opened(server, service) as letters:
                found.append(Pile(service, await letters.list(status=status, limit=limit + 1)))
        except NoDatabase as error:
            missing = error
            found.append(Pile(service, None))
    if missing and all(pile.letters is None for pile in found):
        raise missing
    return found


async def one(server: str, service: str, number: int) -> DeadLetter:
    chosen(service)
    async with opened(server, service) as letters:
        return await letters.show(number)


async def replay(server: str, service: str, number: int) -> DeadLetter:
    chosen(service)
    async with opened(server, service) as letters:
        return await letters.replay(number)


async def drop(server: str, service: str, number: int) -> DeadLetter:
    chosen(service)
    async with opened(server, service) as letters:
        return await letters.drop(number)


def print_piles(piles: Sequence[Pile], limit: int, console: Console, errors: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("service", "id", "event", "since"):
        table.add_column(column, no_wrap=True, overflow="fold")
    table.add_column("why", overflow="fold")
    for pile in piles:
        for letter in (pile.letters or ())[:limit]:
            table.add_row(pile.service, str(letter.id), *map(Text, _cells(letter)))
        if pile.letters is None:
            errors.print(f"{pile.service} has no database there: it has not run.")
        elif len(pile.letters) > limit:
            errors.print(f"{pile.service} has more: `--limit {limit * 10}` shows them.")
    if table.row_count:
        console.print(table)
    else:
        console.print("No dead letters.")


def _cells(letter: DeadLetter) -> tuple[str, str, str]:
    settled = "" if letter.status is DeadLetterStatus.DEAD else f"({letter.status}) "
    since = f"{letter.created_at:%Y-%m-%d %H:%M}"
    return _event(letter), since, f"{settled}{letter.error}: {visible(letter.reason)}"


def summary(letter: DeadLetter) -> str:
    return (
        f"{letter.id}: {_event(letter)} of {letter.topic}, {letter.error}: {visible(letter.reason)}"
    )


def description(letter: DeadLetter) -> str:
    """All there is to know of it; bytes that are not text as Python writes them."""
    facts = {
        "id": str(letter.id),
        "status": letter.status.value,
        "event": _event(letter),
        "event id": str(letter.event_id or "-"),
        "topic": f"{letter.topic}, partition {letter.partition}, offset {letter.offset}",
        "key": "-" if letter.key is None else _shown(letter.key),
        "since": letter.created_at.isoformat(timespec="seconds"),
        "attempts": str(letter.attempts),
        "cause": f"{letter.error}: {visible(letter.reason)}",
    }
    return "\n".join(
        [
            *(f"{name + ':':<10}{fact}" for name, fact in facts.items()),
            "headers:",
            *(f"  {visible(name)}: {_shown(value)}" for name, value in letter.headers),
            "body:",
            "-" if letter.payload is None else _body(letter.payload),
        ]
    )


def _event(letter: DeadLetter) -> str:
    return visible(letter.event_type) or "unknown"


def _body(payload: bytes) -> str:
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _shown(payload)


def _shown(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return repr(value)
    return text if visible(text) == text else repr(value)
