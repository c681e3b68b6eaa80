"""The work of one assignment of partitions: a lane per key, and the offsets that may be committed.

Records of one key run one at a time in offset order; a lane that waits to try again holds up no
other lane. Everything hangs on this object: what a past assignment still does cannot touch the next
one's offsets, for it does not know it.

Lanes whose events may share a transaction are ready for one of a few tasks, which takes what is
there, up to a bound, and waits for no more. One event alone is tried by itself, and so is each of
several that have failed together.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from huleedu_service_libs.clock import Clock
from huleedu_service_libs.consumer.offsets import Progress
from huleedu_service_libs.consumer.retry import History
from huleedu_service_libs.handled import Handled, Observe
from huleedu_service_libs.idempotency.identity import Message

Partition = tuple[str, int]
LaneKey = tuple[str, int, bytes | int]


class Attempts(Protocol):
    """They raise nothing but cancellations."""

    async def attempt(self, message: Message, history: History) -> Handled: ...

    def may_share(self, message: Message) -> bool: ...

    async def attempt_together(self, messages: Sequence[Message]) -> Sequence[Handled | None]:
        """None for each that is to be tried by itself."""
        ...


@dataclass(frozen=True)
class Limits:
    concurrency: int = 16
    """Transactions at once."""
    records: int = 2_000
    """Records waiting, per partition."""
    bytes: int = 64 * 2**20
    """Their size, over all partitions."""
    shared_transactions: int = 2
    """Of those at once, how many may have several events."""
    shared_records: int = 500
    """Events in one transaction; with 1 each has its own."""
    shared_bytes: int = 4 * 2**20
    """Their size; an event that is larger has its own."""
    shared_seconds: float = 0.5
    """A shared transaction that takes longer makes the next ones smaller."""


@dataclass(eq=False)
class _Lane:
    key: LaneKey
    waiting: deque[Message] = field(default_factory=deque)
    alone: int = 0
    """So many of the first are tried by themselves."""
    pause: float | None = None
    """Before the first is tried again."""
    busy: bool = False
    """Whether an attempt is under way, rather than a wait."""
    blocked_since: float | None = None
    task: asyncio.Task[None] | None = None


def lane_of(record: Message) -> LaneKey:
    """A record without a key has a lane of its own."""
    return record.topic, record.partition, record.offset if record.key is None else record.key


class Assignment:
    def __init__(
        self,
        partitions: Iterable[Partition],
        attempts: Attempts,
        *,
        limits: Limits,
        observe: Observe,
        clock: Clock,
    ) -> None:
        self._progress = {partition: Progress() for partition in partitions}
        self._attempts = attempts
        self._limits = limits
        self._observe = observe
        self._clock = clock
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._lanes: dict[LaneKey, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._sharing: set[asyncio.Task[None]] = set()
        self._most_shared = limits.shared_records
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

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """What is under way or waits."""
        return [*self._sharing, *(lane.task for lane in self._lanes.values() if lane.task)]

    async def drain(self, budget: float) -> None:
        """Start nothing more, finish what is under way within `budget` seconds, cancel the rest."""
        self._draining = True
        running = [lane.task for lane in self._lanes.values() if lane.task and lane.busy]
        running += self._sharing
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
        key = lane_of(record)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
            lane.waiting.append(record)
            self._go_on(lane)
        else:
            lane.waiting.append(record)

    def _go_on(self, lane: _Lane) -> None:
        """With its first event, in a task of the lane's own or in one with others."""
        if not lane.waiting:
            del self._lanes[lane.key]
        elif self._draining:
            return
        elif self._may_share(lane):
            self._ready.append(lane)
            self._share()
        else:
            lane.task = asyncio.create_task(self._run(lane))

    def _may_share(self, lane: _Lane) -> bool:
        return (
            not lane.alone
            and self._limits.shared_records > 1
            and self._attempts.may_share(lane.waiting[0])
        )

    async def _run(self, lane: _Lane) -> None:
        while lane.waiting and not self._draining and not self._may_share(lane):
            record = lane.waiting[0]
            if not await self._resolve(lane, record):
                return
            self._pass(lane, record)
        self._go_on(lane)

    async def _resolve(self, lane: _Lane, record: Message) -> bool:
        """Try until the offset may pass; False if the assignment ends first."""
        history = History()
        if lane.pause is not None:
            pause, lane.pause = lane.pause, None
            await self._clock.sleep(pause)
        while not self._draining:
            async with self._slots:
                if self._draining:
                    return False
                lane.busy = True
                try:
                    handled = await self._attempts.attempt(record, history)
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

    def _pass(self, lane: _Lane, record: Message) -> None:
        """Its first event is resolved: the offset may pass."""
        lane.waiting.popleft()
        lane.alone = max(0, lane.alone - 1)
        self._progress[record.topic, record.partition].resolve(record.offset)
        self._bytes -= _size(record)
        self._changed.set()

    def _share(self) -> None:
        if self._ready and len(self._sharing) < self._limits.shared_transactions:
            task = asyncio.create_task(self._run_shared())
            self._sharing.add(task)
            task.add_done_callback(self._sharing.discard)

    async def _run_shared(self) -> None:
        while self._ready and not self._draining:
            async with self._slots:
                if self._draining:
                    return
                taken = self._take()
                self._share()
                await self._resolve_together(taken)

    def _take(self) -> list[tuple[_Lane, list[Message]]]:
        """The first events of the lanes that are ready, as many as one transaction may have."""
        taken: list[tuple[_Lane, list[Message]]] = []
        records = size = 0
        while self._ready and records < self._most_shared:
            part: list[Message] = []
            for record in islice(self._ready[0].waiting, self._most_shared - records):
                size += _size(record)
                if size > self._limits.shared_bytes and (taken or part):
                    break
                part.append(record)
            if not part:
                break
            taken.append((self._ready.popleft(), part))
            records += len(part)
        return taken

    async def _resolve_together(self, taken: Sequence[tuple[_Lane, Sequence[Message]]]) -> None:
        records = [record for _, part in taken for record in part]
        handled: Sequence[Handled | None] = [None]
        if len(records) > 1:
            started = self._clock.monotonic()
            handled = await self._attempts.attempt_together(records)
            self._adapt(handled, self._clock.monotonic() - started)
        answers = iter(handled)
        for lane, part in taken:
            self._settle(lane, part, list(islice(answers, len(part))))

    def _adapt(self, handled: Sequence[Handled | None], seconds: float) -> None:
        if seconds > self._limits.shared_seconds or not any(handled):
            self._most_shared = max(2, len(handled) // 2)
        elif len(handled) == self._most_shared:
            self._most_shared = min(2 * self._most_shared, self._limits.shared_records)

    def _settle(
        self, lane: _Lane, part: Sequence[Message], answers: Sequence[Handled | None]
    ) -> None:
        """What is not resolved is tried by itself."""
        lane.alone = len(part)
        for record, handled in zip(part, answers, strict=True):
            if handled is None:
                break
            self._observe(handled)
            if not handled.resolved:
                lane.pause = handled.retry_after or 0.0
                lane.blocked_since = self._clock.monotonic()
                break
            self._pass(lane, record)
        self._go_on(lane)


def _size(record: Message) -> int:
    return len(record.value or b"") + len(record.key or b"")
