"""`huleedu dead-letters` on dead letters of the real library in a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from common_core.events.spellcheck_events import SpellcheckResultV1
from huleedu_cli import letters, state
from huleedu_cli.clone import ROOT
from huleedu_cli.main import app
from huleedu_service_libs.database import create_database, create_engine, migrate
from huleedu_service_libs.dead_letters import DeadLetters, DeadLetterStatus
from huleedu_service_libs.dead_letters import dead_letters as table
from huleedu_service_libs.errors import PermanentError
from huleedu_service_libs.idempotency.identity import identify
from huleedu_service_libs.inbox import inbox
from huleedu_service_libs.outbox.table import outbox, unpack_headers
from huleedu_service_libs.testing.messages import StoredMessage

SERVICE = "spellchecker_service"
MIGRATIONS = ROOT / "services" / SERVICE / "migrations"
REASON = "the text is gone"
Outcome = TypeVar("Outcome")


def dead_letters(*arguments: object, answer: str | None = None) -> Result:
    command = ["dead-letters", *map(str, arguments)]
    return CliRunner().invoke(app, command, input=answer)


class Base:
    """The service's database, with one dead letter."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.event_id = uuid4()
        self.message = _message(self.event_id)
        self.letter_id = 0

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[AsyncEngine]:
        engine = create_engine(self.url, SERVICE)
        try:
            yield engine
        finally:
            await engine.dispose()

    def run(self, work: Callable[[AsyncEngine], Awaitable[Outcome]]) -> Outcome:
        async def with_engine() -> Outcome:
            async with self.engine() as engine:
                return await work(engine)

        return asyncio.run(with_engine())

    async def bury(self, engine: AsyncEngine) -> None:
        await create_database(self.url, SERVICE)
        await migrate(engine, MIGRATIONS)
        graveyard = DeadLetters(engine, SERVICE)
        error = PermanentError(REASON)
        identity = identify(self.message)
        assert await graveyard.bury(self.message, identity, error, event_type=identity.event_type)
        found = await graveyard.list(limit=10_000)
        [self.letter_id] = [each.id for each in found if each.event_id == self.event_id]

    def status(self) -> str:
        async def look(engine: AsyncEngine) -> Any:
            async with engine.connect() as connection:
                query = sa.select(table.c.status).where(table.c.id == self.letter_id)
                return await connection.scalar(query)

        return str(self.run(look))

    def sent(self) -> list[Any]:
        """Give what will be sent to the topic the event came from."""

        async def look(engine: AsyncEngine) -> list[Any]:
            query = sa.select(outbox).where(outbox.c.topic == self.message.topic)
            async with engine.connect() as connection:
                return list((await connection.execute(query)).all())

        return self.run(look)

    def may_be_handled(self) -> bool:
        async def look(engine: AsyncEngine) -> bool:
            query = sa.select(inbox).where(inbox.c.event_id == self.event_id)
            async with engine.connect() as connection:
                return (await connection.execute(query)).first() is None

        return self.run(look)

    async def clear(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.delete(table).where(table.c.id == self.letter_id))
            await connection.execute(sa.delete(inbox).where(inbox.c.event_id == self.event_id))
            await connection.execute(
                sa.delete(outbox).where(outbox.c.topic.startswith(self.message.topic))
            )


def _message(event_id: UUID) -> StoredMessage:
    """An event on a topic of its own, so that nobody else's messages are met or left."""
    body = f'{{"event_id": "{event_id}", "data": {{"essay": "Åsa"}}}}'
    headers = [
        ("event_id", str(event_id).encode()),
        ("event_type", SpellcheckResultV1.__name__.encode()),
        ("bytes", b"\xff"),
        ("orders", b"\x1b[2J"),
    ]
    return StoredMessage(f"of-{event_id}", 2, 17, b"a-key", body.encode(), headers)


@pytest.fixture
def base(postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Base]:
    monkeypatch.setenv("HULEEDU_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    base = Base(postgres_url)
    asyncio.run(create_database(postgres_url, SERVICE))
    base.run(base.bury)
    yield base
    base.run(base.clear)


@pytest.mark.parametrize("service", [[], [SERVICE]])
def test_the_list_tells_which_events_are_dead_and_why(base: Base, service: list[str]) -> None:
    result = dead_letters("list", *service, "--limit", 10_000)
    assert result.exit_code == 0, result.output
    [line] = [line for line in result.stdout.splitlines() if f" {base.letter_id} " in line]
    assert line.startswith(SERVICE)
    assert "SpellcheckResultV1" in line
    assert f"PermanentError: {REASON}" in line


def test_a_dead_letter_is_shown_with_where_headers_body_and_cause(base: Base) -> None:
    shown = dead_letters("show", SERVICE, base.letter_id).stdout
    for part in (
        f"topic:    {base.message.topic}, partition 2, offset 17",
        f"event id: {base.event_id}",
        f"cause:    PermanentError: {REASON}",
        "key:      a-key",
        "  event_type: SpellcheckResultV1",
        '"essay": "Åsa"',
    ):
        assert part in shown
    assert r"bytes: b'\xff'" in shown
    assert r"orders: b'\x1b[2J'" in shown


def test_a_replayed_event_goes_to_its_topic_again_byte_for_byte_and_may_be_handled(
    base: Base,
) -> None:
    assert not base.may_be_handled()
    result = dead_letters("replay", SERVICE, base.letter_id)
    assert result.exit_code == 0, result.output
    [row] = base.sent()
    assert (row.key, row.payload) == (base.message.key, base.message.value)
    assert list(unpack_headers(row.headers)) == list(base.message.headers)
    assert base.may_be_handled()
    assert base.status() == DeadLetterStatus.REPLAYED


def test_an_event_is_replayed_only_once(base: Base) -> None:
    dead_letters("replay", SERVICE, base.letter_id)
    for command in (["replay"], ["drop", "--yes"]):
        again = dead_letters(*command, SERVICE, base.letter_id)
        assert again.exit_code == 1
        assert f"dead letter {base.letter_id} is replayed already" in again.stderr
    assert len(base.sent()) == 1


def test_a_dead_letter_is_dropped_when_the_answer_is_yes(base: Base) -> None:
    result = dead_letters("drop", SERVICE, base.letter_id, answer="y\n")
    assert result.exit_code == 0
    assert REASON in result.stdout
    assert base.status() == DeadLetterStatus.DROPPED
    assert not base.sent()
    assert not base.may_be_handled()


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_dropped_without_a_yes(base: Base, answer: str) -> None:
    assert dead_letters("drop", SERVICE, base.letter_id, answer=answer).exit_code == 1
    assert base.status() == DeadLetterStatus.DEAD


def test_what_is_settled_is_listed_on_request_only(base: Base) -> None:
    assert dead_letters("drop", SERVICE, base.letter_id, "--yes").exit_code == 0
    row = f" {base.letter_id} "
    assert row not in dead_letters("list", SERVICE, "--limit", 10_000).stdout
    listed = dead_letters("list", SERVICE, "--all", "--limit", 10_000).stdout
    assert "(dropped)" in next(line for line in listed.splitlines() if row in line)


def test_a_list_that_is_cut_says_so(base: Base) -> None:
    other = Base(base.url)
    other.run(other.bury)
    try:
        assert "has more" in dead_letters("list", SERVICE, "--limit", 1).stderr
    finally:
        other.run(other.clear)


@pytest.mark.parametrize("command", [["show"], ["replay"], ["drop"], ["drop", "--yes"]])
def test_a_dead_letter_that_is_not_there_is_told(base: Base, command: list[str]) -> None:
    result = dead_letters(*command, SERVICE, 2**63 - 1)
    assert result.exit_code == 1
    assert "spellchecker_service: no dead letter" in result.stderr


def test_the_stack_that_runs_here_is_used_where_nothing_else_is_named(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    running = state.State("http://127.0.0.1:8080", "logs", {"DATABASE_URL": base.url}, {})
    with state.written(running):
        assert dead_letters("show", SERVICE, base.letter_id).exit_code == 0
    nowhere = dead_letters("show", SERVICE, base.letter_id)
    assert nowhere.exit_code == 1
    assert "DATABASE_URL" in nowhere.stderr


async def test_a_service_that_has_never_run_has_no_database(postgres_url: str) -> None:
    with pytest.raises(letters.NoDatabase, match="it has not run"):
        async with letters.opened(postgres_url, f"never_{uuid4().hex}") as opened:
            await opened.list()
    with pytest.raises(letters.NoDatabase, match="it has not run"):
        async with letters.opened(postgres_url, "template1") as opened:
            await opened.list()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://postgres:secret@127.0.0.1:9/postgres", "127.0.0.1:9 cannot be reached"),
        ("secret", "DATABASE_URL is not an address"),
        ("postgresql://host:secret/postgres", "DATABASE_URL is not an address"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, complaint: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    result = dead_letters("list")
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert "secret" not in result.output


def test_only_services_that_handle_events_have_dead_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/postgres")
    for command in (["list"], ["show"], ["replay"], ["drop", "--yes"]):
        number = [] if command == ["list"] else [1]
        result = dead_letters(*command, "api_gateway_service", *number)
        assert result.exit_code == 1
        assert "result_aggregator_service" in result.stderr
    handling = {path.parent.name for path in ROOT.glob("services/*_service/handlers.py")}
    assert handling == set(letters.CONSUMERS)
