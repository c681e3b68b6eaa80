"""How aiokafka's clients are ended."""

import asyncio
from collections.abc import Awaitable
from typing import Any


async def stop_client(client: Any, seconds: float) -> None:
    """Stop a consumer or producer within so many seconds, whatever comes out of it.

    A consumer that is stopped while a fetch of its own waits after an error raises the cancellation
    of that fetch, as if it were the caller's, and leaves its connections open.
    """
    await _within(seconds, client.stop())
    connections = getattr(client, "_client", None) or getattr(client, "client", None)
    if connections is not None:
        await _within(seconds, connections.close())


async def _within(seconds: float, work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
        task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[None]") -> None:
    """Look at its error, which would be logged otherwise."""
    if not task.cancelled():
        task.exception()
