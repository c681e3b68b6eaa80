"""Many callers, few commands: what is asked while one call is under way goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Coalescer(Generic[Item, Answer]):
    """Calls `run` with up to `limit` items at once.

    Each caller gets its own answers or the error of its batch. The items of a caller who was
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
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, items: Sequence[Item]) -> list[Answer]:
        """The answers in the order of the items, or the first error."""
        futures = [self._put(item) for item in items]
        try:
            return [await future for future in futures]
        except asyncio.CancelledError:
            for item, future in zip(items, futures, strict=True):
                if not future.cancel() and not future.cancelled() and not future.exception():
                    self._orphan(item, future.result())
            raise
        except Exception:
            for future in futures:
                future.add_done_callback(_take_note)
            raise

    def _orphan(self, item: Item, answer: Answer) -> None:
        if self._orphaned is not None:
            self._orphaned(item, answer)

    def _put(self, item: Item) -> "asyncio.Future[Answer]":
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return future

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
                    else:
                        self._orphan(item, answer)


def _take_note(future: "asyncio.Future[Answer]") -> None:
    """Its error came out for another item of the same caller."""
    if not future.cancelled():
        future.exception()
