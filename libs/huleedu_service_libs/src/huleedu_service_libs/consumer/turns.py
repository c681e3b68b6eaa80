"""A session that several handlers use in turn, each as if it had a new one to itself."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession


class Turns:
    """Each handler finds what the earlier ones have done, and nothing they have only read.

    What they change is written at the end of their turn. What they add is kept, and written
    together before the next handler's first statement or at the end.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._added = False
        self._added_before = False
        sync = session.sync_session
        sa.event.listen(sync, "do_orm_execute", self._write_what_was_added)
        sa.event.listen(sync, "transient_to_pending", self._note)
        sa.event.listen(sync, "after_flush", self._forget)

    async def end(self) -> None:
        """The handler whose turn it was has returned."""
        if self._session.identity_map:
            if self._session.dirty or self._session.deleted:
                await self._session.flush()
            self._session.expire_all()
        self._added_before = self._added

    def _note(self, _session: Any, _added: Any) -> None:
        self._added = True

    def _forget(self, _session: Any, _context: Any) -> None:
        self._added = False

    def _write_what_was_added(self, _statement: Any) -> None:
        """By an earlier handler. Not by the present one: alone it would not be written either."""
        if self._added_before:
            self._added_before = False
            self._session.sync_session.flush()
