"""A process as its servers see it: every command it gives passes here, and none when dead."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

Step = Callable[[str], Awaitable[None]]


class Process:
    """`step`, if set, is awaited at each command with what it is: a test may stop or kill there.

    When `dead`, nothing it asks for happens or returns. `bury` ends what is left waiting in it, so
    that a test can end.
    """

    def __init__(self) -> None:
        self.dead = False
        self.step: Step | None = None
        self._buried = asyncio.Event()

    async def at(self, where: str) -> None:
        if self.step is not None and not self.dead:
            await self.step(where)
        if self.dead:
            await self._buried.wait()
            raise ConnectionError("this process is dead")

    def bury(self) -> None:
        self.dead = True
        self._buried.set()

    def connection_class(self) -> type[asyncpg.Connection]:
        """Connections that pass here before and after what asyncpg itself is asked for."""

        class Watched(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
            async def execute(connection, query: str, *args: Any, **options: Any) -> Any:  # noqa: N805
                await self.at("COMMIT" if query.startswith("COMMIT") else "statement")
                status = await super().execute(query, *args, **options)
                await self.at("statement done")
                return status

            async def fetch(connection, query: str, *args: Any, **options: Any) -> Any:  # noqa: N805
                await self.at("statement")
                rows = await super().fetch(query, *args, **options)
                await self.at("statement done")
                return rows

        return Watched

    def watch(self, engine: AsyncEngine) -> None:
        """Pass here before and after each statement of SQLAlchemy's."""

        def at(where: str) -> Callable[..., None]:
            def visit(*_: Any) -> None:
                await_only(self.at(where))

            return visit

        sync = engine.sync_engine
        sa.event.listen(sync, "before_cursor_execute", at("statement"))
        sa.event.listen(sync, "after_cursor_execute", at("statement done"))
