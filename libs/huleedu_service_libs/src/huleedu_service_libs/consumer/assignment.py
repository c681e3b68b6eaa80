"""The work of one assignment of partitions: a lane per key, and the offsets that may be committed.

Records of one key run one at a time in offset order; a lane that waits to try again holds up no
other lane. Everything hangs on this object: what a past assignment still does cannot touch the next
one's offsets, for it does not know it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from huleedu_service_libs.clock import Clock
from huleedu_service_libs.consumer.offsets import Progress
from huleedu_service_libs.consumer.retry import History
from huleedu_service_libs.handled import Handled, Observe
from huleedu_service_libs.idempotency.identity import Message

Partition = tuple[str, int]
LaneKey = tuple[str, int, bytes | int]
Attempt = Callable[[Message, History], Awaitable[Handled]]


@dataclass(frozen=True)
class Limits:
    concurrency: int = 16
    """Events handled at once."""
    records: int = 2_000
    """Records waiting, per partition."""
    bytes: int = 64 * 2**20
    """Their size, over all partitions."""


@dataclass(eq=False)
class _Lane:
    waiting: deque[Message] = field(default_factory=deque)
    busy: bool = False
    """Whether an attempt is under way, rather than a wait."""
    blocked_since: float | None = None
    task: asyncio.Task[None] | None = None


class Assignment:
    def __init__(
        self,
        partitions: Iterable[Partition],
        attempt: Attempt,
        *,
        limits: Limits,
        observe: Observe,
        clock: Clock,
    ) -> None:
        self._progress = {partition: Progress() for partition in partitions}
        self._attempt = attempt
        self._limits = limits
        self._observe = observe
        self._clock = clock
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._lanes: dict[LaneKey, _Lane] = {}
        self._bytes = 0
        self._changed = asyncio.Event()
        self._draining = False

    @property
    def partitions(self) -> frozenset[Partition]:
        return frozenset(self._progress)

    @property
    def pending(self) -> int:
        return sum(progress.pending for progress in self._progress.values())

    @property
    def blocked_lanes(self) -> int:
        """Lanes whose first event has failed or is held by another worker."""
        return sum(lane.blocked_since is not None for lane in self._lanes.values())

    @property
    def longest_block_seconds(self) -> float:
        now = self._clock.monotonic()
        since = (lane.blocked_since for lane in self._lanes.values())
        return max((now - start for start in since if start is not None), default=0.0)

    @property
    def oldest_unresolved_seconds(self) -> float:
        accepted = [
            oldest for part in self._progress.values() if (oldest := part.oldest) is not None
        ]
        return self._clock.monotonic() - min(accepted) if accepted else 0.0

    def ready(self) -> list[Partition]:
        """The partitions that may be asked for more."""
        if self._bytes >= self._limits.bytes:
            return []
        return [
            partition
            for partition, progress in self._progress.items()
            if progress.pending < self._limits.records
        ]

    def accept(self, records: Sequence[Message]) -> None:
        """Take over records of one poll, in offset order.

        Those of a partition that is not ours are not taken.
        """
        if self._draining:
            return
        for record in records:
            progress = self._progress.get((record.topic, record.partition))
            if progress is None:
                continue
            progress.accept(record.offset, self._clock.monotonic())
            self._bytes += _size(record)
            self._enqueue(record)

    def to_commit(self) -> dict[Partition, int]:
        return {
            partition: offset
            for partition, progress in self._progress.items()
            if (offset := progress.to_commit) is not None
        }

    def committed(self, offsets: dict[Partition, int]) -> None:
        for partition, offset in offsets.items():
            self._progress[partition].committed(offset)

    async def changed(self, timeout: float) -> None:  # noqa: ASYNC109 - the bound of a wait, not of work
        """Wait until something is resolved, at most so long."""
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return

    async def drain(self, budget: float) -> None:
        """Start nothing more, finish what is under way within `budget` seconds, cancel the rest."""
        self._draining = True
        running = [lane.task for lane in self._lanes.values() if lane.task and lane.busy]
        for lane in self._lanes.values():
            if lane.task and not lane.busy:
                lane.task.cancel()
        if running:
            _, late = await asyncio.wait(running, timeout=budget)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=2.0)

    def _enqueue(self, record: Message) -> None:
        key = (record.topic, record.partition, record.offset if record.key is None else record.key)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
            lane.waiting.append(record)
            lane.task = asyncio.create_task(self._run(key, lane))
        else:
            lane.waiting.append(record)

    async def _run(self, key: LaneKey, lane: _Lane) -> None:
        while lane.waiting and not self._draining:
            record = lane.waiting[0]
            if not await self._resolve(lane, record):
                return
            lane.waiting.popleft()
            self._progress[record.topic, record.partition].resolve(record.offset)
            self._bytes -= _size(record)
            self._changed.set()
        if not lane.waiting:
            del self._lanes[key]

    async def _resolve(self, lane: _Lane, record: Message) -> bool:
        """Try until the offset may pass; False if the assignment ends first."""
        history = History()
        while not self._draining:
            async with self._slots:
                if self._draining:
                    return False
                lane.busy = True
                try:
                    handled = await self._attempt(record, history)
                finally:
                    lane.busy = False
            self._observe(handled)
            if handled.resolved:
                lane.blocked_since = None
                return True
            if lane.blocked_since is None:
                lane.blocked_since = self._clock.monotonic()
            if not self._draining:
                await self._clock.sleep(handled.retry_after or 0.0)
        return False


def _size(record: Message) -> int:
    return len(record.value or b"") + len(record.key or b"")
