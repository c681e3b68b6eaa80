"""Waiting for facts instead of for time."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 20.0


async def soon(fact: Callable[[], bool]) -> None:
    """Wait until it is so; TimeoutError if it never is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():  # noqa: ASYNC110 - the fact is not an event of ours
            await asyncio.sleep(0.01)
