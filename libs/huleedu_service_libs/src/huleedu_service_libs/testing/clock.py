"""Time that passes only when a test says so."""

import asyncio
import heapq
import itertools


class FakeClock:
    """A `Clock` whose sleepers wake when `advance` has brought their time."""

    def __init__(self) -> None:
        self._now = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass; who wakes gets to run before later sleepers wake."""
        await settle()
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)
                await settle()
        self._now = end
        await settle()

    def jump(self, seconds: float) -> None:
        """Time passes while nobody runs, as for a paused process: no sleeper wakes on the way."""
        self._now += seconds


async def settle(rounds: int = 20) -> None:
    """Let everything run that can run without time or I/O."""
    for _ in range(rounds):
        await asyncio.sleep(0)
