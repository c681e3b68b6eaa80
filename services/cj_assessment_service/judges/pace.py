"""How fast an endpoint is called: so many at once, so many a minute, and not while it says wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from huleedu_service_libs.clock import Clock

_MINUTE = 60.0


class Pace:
    """Of one process: replicas of the service do not know of each other's calls."""

    def __init__(self, clock: Clock, *, at_once: int, per_minute: int = 0) -> None:
        self._clock = clock
        self._slots = asyncio.Semaphore(at_once)
        self._gap = _MINUTE / per_minute if per_minute else 0.0
        self._next = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        async with self._slots:
            yield

    async def wait(self) -> None:
        """Wait until the next call may start."""
        while (pause := self._next - self._clock.monotonic()) > 0:
            await self._clock.sleep(pause)
        self._next = self._clock.monotonic() + self._gap

    def hold(self, seconds: float) -> None:
        """Let no call start for so long: the endpoint has asked for it."""
        self._next = max(self._next, self._clock.monotonic() + seconds)
