"""One transaction of PostgreSQL, begun and ended by asyncpg itself.

What the library sends for every event goes to the driver as it is: a session would double what it
costs. SQLAlchemy's pool gives the connection; its session is made for whoever asks for it, and
leaves the transaction alone, for it is told that each statement commits by itself.
"""

import asyncio
from types import TracebackType
from typing import Self

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util import greenlet_spawn

from huleedu_service_libs.errors import CommitOutcomeUnknown, DatabaseUnavailable, server_is_lost

_COMMIT_SECONDS = 5.0
"""How long a COMMIT may go on after its handler was cancelled."""
_ROLLBACK_SECONDS = 5.0
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class UnitOfWork:
    """`async with` one: what is not committed at the end is rolled back.

    Raises DatabaseUnavailable if it cannot begin.
    """

    connection: asyncpg.Connection
    """In the transaction. It knows nothing of what the session has not written yet."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session: AsyncSession | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        try:
            self._pooled = await self._engine.raw_connection()
        except (OSError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
        self.connection = self._pooled.driver_connection
        try:
            await self.connection.execute("BEGIN")
            self._open = True
        except _LOST as error:
            raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
        finally:
            if not self._open:
                await self._give_up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._leave()

    @property
    def session(self) -> AsyncSession:
        """The same each time; it can neither commit the transaction nor roll it back."""
        if self._session is None:
            pooled = Connection(self._engine.sync_engine, self._pooled)
            pooled.execution_options(isolation_level="AUTOCOMMIT")
            bind = AsyncConnection(self._engine, pooled)
            self._session = AsyncSession(bind, expire_on_commit=False)
        return self._session

    async def write(self) -> None:
        """Send what was added to the session and changed in it."""
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            await session.flush()

    async def commit(self) -> None:
        """COMMIT, not interrupted by a cancellation: half a commit would be one nobody knows of.

        RuntimeError if a statement has failed and whoever sent it has hidden that;
        CommitOutcomeUnknown if the connection was lost.
        """
        commit = asyncio.ensure_future(self.connection.execute("COMMIT"))
        try:
            status = await asyncio.shield(commit)
        except asyncio.CancelledError:
            await asyncio.wait([commit], timeout=_COMMIT_SECONDS)
            if not commit.done():
                commit.cancel()
                await asyncio.wait([commit])
            error = asyncio.CancelledError() if commit.cancelled() else commit.exception()
            self._open = error is not None
            if error is None:
                raise
            raise _commit_error(error) from error
        except _LOST as error:
            raise _commit_error(error) from error
        self._open = False
        if status != "COMMIT":
            # The server rolls back what has failed, and calls that a success.
            raise RuntimeError("a statement had failed: there was nothing to commit")

    async def _leave(self) -> None:
        try:
            if self._session is not None:
                await self._session.close()
            if self._open:
                await self._roll_back()
        finally:
            if self._pooled.is_valid:
                await greenlet_spawn(self._pooled.close)

    async def _roll_back(self) -> None:
        """Or give the connection up: it must not go back to the pool with a transaction open."""
        undone = False
        try:
            async with asyncio.timeout(_ROLLBACK_SECONDS):
                await self.connection.execute("ROLLBACK")
            undone = True
        except _LOST:
            pass
        finally:
            if not undone:
                await self._give_up()

    async def _give_up(self) -> None:
        await greenlet_spawn(self._pooled.invalidate)


def _commit_error(error: BaseException) -> BaseException:
    """A refusal by the server is certain; a lost connection leaves the outcome open."""
    if not server_is_lost(error):
        return error
    return CommitOutcomeUnknown(f"the connection was lost during COMMIT: {error}")
