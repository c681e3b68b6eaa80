"""Facts about what happens meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

PATIENCE_SECONDS = 20.0


async def soon(fact: Callable[[], bool]) -> None:
    """Wait until it is so; TimeoutError if it never is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():  # noqa: ASYNC110 - the fact is not an event of ours
            await asyncio.sleep(0.01)


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, transactions' begins and ends included."""
    seen: list[str] = []
    sync = engine.sync_engine

    def execute(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    def begin(_conn: object) -> None:
        seen.append("BEGIN")

    def commit(_conn: object) -> None:
        seen.append("COMMIT")

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": execute,
        "begin": begin,
        "commit": commit,
    }
    for name, listener in listeners.items():
        sa.event.listen(sync, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners.items():
            sa.event.remove(sync, name, listener)
