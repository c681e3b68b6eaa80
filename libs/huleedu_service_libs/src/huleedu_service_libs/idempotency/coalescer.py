"""Many callers, few commands: what is asked while one call is under way goes into the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Coalescer(Generic[Item, Answer]):
    """Calls `run` with up to `limit` items at once, or with all of one caller that has more.

    The items of a caller who was
    cancelled meanwhile are still part of the call: `orphaned` is told their answers.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Awaitable[list[Answer]]],
        *,
        limit: int = 500,
        orphaned: Callable[[Item, Answer], None] | None = None,
    ) -> None:
        self._run = run
        self._limit = limit
        self._orphaned = orphaned
        self._waiting: deque[tuple[Sequence[Item], asyncio.Future[list[Answer]]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, items: Sequence[Item]) -> list[Answer]:
        """The answers in the order of the items, or the error of the call they were part of."""
        future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.exception() is None:
                self._orphan(items, future.result())
            raise

    def _orphan(self, items: Sequence[Item], answers: Sequence[Answer]) -> None:
        if self._orphaned is not None:
            for item, answer in zip(items, answers, strict=True):
                self._orphaned(item, answer)

    def _take(self) -> list[tuple[Sequence[Item], "asyncio.Future[list[Answer]]"]]:
        """As many callers as one call may have, and at least one."""
        taken = [self._waiting.popleft()]
        size = len(taken[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= self._limit:
            taken.append(self._waiting.popleft())
            size += len(taken[-1][0])
        return taken

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready to ask in this turn of the loop joins
            taken = self._take()
            try:
                answers = await self._run([item for items, _ in taken for item in items])
            except Exception as error:  # noqa: BLE001 - handed to the callers, who know what it means
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error)
            else:
                reached = 0
                for items, future in taken:
                    own = answers[reached : reached + len(items)]
                    reached += len(items)
                    if not future.done():
                        future.set_result(own)
                    else:
                        self._orphan(items, own)
