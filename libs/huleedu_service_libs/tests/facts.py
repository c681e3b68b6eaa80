"""Facts about what happens meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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
    watched: list[Any] = []

    def checkout(adapted: Any, _record: object, _proxy: object) -> None:
        if adapted.driver_connection not in watched:
            watched.append(adapted.driver_connection)
            adapted.driver_connection.add_query_logger(sent)

    def sent(query: Any) -> None:
        if "typeinfo_tree" not in query.query and "'jit'" not in query.query:
            seen.append(query.query.removesuffix(";"))  # not what the driver asks about types

    def execute(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        asyncio.get_running_loop().call_soon(seen.append, statement)  # in turn with `sent`

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": execute,
        "checkout": checkout,
    }
    for name, listener in listeners.items():
        sa.event.listen(sync, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners.items():
            sa.event.remove(sync, name, listener)
        for connection in watched:
            connection.remove_query_logger(sent)
