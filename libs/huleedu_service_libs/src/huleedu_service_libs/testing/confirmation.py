"""A handler held between its commit and its confirmation, where a crash must be survivable."""

import asyncio
from typing import TypeVar

from huleedu_service_libs.idempotency.decorator import Confirm, ConfirmingHandler
from huleedu_service_libs.idempotency.identity import Message

Result = TypeVar("Result")

_PATIENCE_SECONDS = 30.0


class AsyncConfirmationTestHelper:
    """Runs a handler whose confirmation waits until the test allows it.

    The waits raise TimeoutError rather than hang when the awaited step never comes.
    """

    def __init__(self) -> None:
        self._started = asyncio.Event()
        self._complete = asyncio.Event()
        self._allowed = asyncio.Event()
        self._confirmed = asyncio.Event()

    async def process_with_controlled_confirmation(
        self,
        process: ConfirmingHandler[Message, Result],
        msg: Message,
        confirm_idempotency: Confirm,
    ) -> Result:
        async def confirm_when_allowed() -> None:
            self._complete.set()
            await self._allowed.wait()
            await confirm_idempotency()
            self._confirmed.set()

        self._started.set()
        return await process(msg, confirm_idempotency=confirm_when_allowed)

    async def wait_for_processing_started(self) -> None:
        await _soon(self._started)

    async def wait_for_processing_complete(self) -> None:
        """Its effects are committed; it is about to confirm."""
        await _soon(self._complete)

    def allow_confirmation(self) -> None:
        self._allowed.set()

    async def wait_for_confirmation(self) -> None:
        await _soon(self._confirmed)


async def _soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await event.wait()
