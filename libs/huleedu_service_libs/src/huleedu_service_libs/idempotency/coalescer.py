"""Many callers, few commands: what is asked while one call is under way goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Coalescer(Generic[Item, Answer]):
    """Calls `run` with up to `limit` items at once.

    Each caller gets its own answer or the error of its batch. An item whose caller was cancelled
    meanwhile is still part of the call: `orphaned` is told its answer.
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
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            try:
                answers = await self._run([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to the callers, who know what it means
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (item, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
                    elif self._orphaned is not None:
                        self._orphaned(item, answer)
