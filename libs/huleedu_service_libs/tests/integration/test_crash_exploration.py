"""A worker dies at every step between poll and offset commit, one after the other.

The steps are counted as the worker takes them: each command to Redis, each statement and COMMIT,
each poll and commit of offsets. At step n everything of that worker stops for good, as with
`kill -9`. Another worker then reads to the end, and the ledger must hold each event once, in the
order of its key.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from common_core.events.envelope import EventData
from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.testing.process import Process
from libs.huleedu_service_libs.tests.consuming import Bench, ledger_bench
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection

ONE_KEY = UUID(int=2)
OTHER_KEY = UUID(int=5)


@dataclass
class Crash:
    """Stops its worker for good at the n-th step; without n it only counts."""

    process: Process
    at: int | None = None
    trace: list[str] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, where: str) -> None:
        if where in IDLE:
            return
        self.trace.append(where)
        if len(self.trace) == self.at:
            self.happened.set()
            self.process.dead = True


IDLE = {"poll", "start", "stop"}
"""What a worker does while it has nothing to do: a crash there is the one before or after."""


@dataclass(frozen=True)
class Way:
    """How the events of the first worker go: two of one key, one of another."""

    limits: Limits
    other: Callable[[UUID, str], EventData]

    @asynccontextmanager
    async def begun(self, postgres_url: str) -> AsyncIterator[Bench]:
        """All of it is in Kafka."""
        async with ledger_bench(postgres_url) as bench:
            bench.put(rejection(ONE_KEY, "a"))
            bench.put(rejection(ONE_KEY, "b"))
            bench.put(self.other(OTHER_KEY, "c"))
            yield bench


ALONE = Way(Limits(shared_records=1), other=excess)
"""Each in its own transaction, by a handler of each kind."""
TOGETHER = Way(Limits(), other=rejection)
"""All in one transaction."""


@pytest.fixture(params=[ALONE, TOGETHER], ids=["alone", "together"])
def way(request: pytest.FixtureRequest) -> Way:
    made: Way = request.param
    return made


async def steps_without_a_crash(bench: Bench, way: Way) -> list[str]:
    worker = await bench.harness.worker("counting")
    worker.process.step = crash = Crash(worker.process)
    async with bench.consuming(worker, limits=way.limits):
        await bench.until_read()
        return list(crash.trace)


async def dies(bench: Bench, way: Way, at: int) -> bool:
    """A worker that dies at that step; False if it has read everything before."""
    worker = await bench.harness.worker(f"dies at {at}")
    worker.process.step = crash = Crash(worker.process, at)
    consumer = await bench.consumer(worker, limits=way.limits)
    await consumer.start()
    await bench.until(lambda: crash.happened.is_set() or bench.broker.lag == 0)
    await bench.kill(worker, consumer)
    await bench.harness.pass_liveness()
    return crash.happened.is_set()


async def verify(bench: Bench) -> None:
    async with bench.consuming():
        await bench.until_read()
    lines = await bench.lines()
    assert [text for key, text in lines if key == str(ONE_KEY)] == ["a", "b"]
    assert [text for key, text in lines if key == str(OTHER_KEY)] == ["c"]
    emitted = [event.data for event in await bench.harness.emitted()]
    assert Counter(data.file_name for data in emitted) == Counter("abc")  # type: ignore[attr-defined]  # all are of one type
    assert await bench.harness.dead_letters.list() == []


async def test_i13_i14_i18_a_crash_at_any_step_neither_loses_nor_repeats_an_effect(
    postgres_url: str, way: Way
) -> None:
    async with way.begun(postgres_url) as bench:
        steps = await steps_without_a_crash(bench, way)
    assert {"polled", "script", "statement", "COMMIT", "commit offsets"} <= set(steps)
    assert steps.count("COMMIT") == (1 if way is TOGETHER else 3)
    for at in range(1, len(steps) + 1):
        async with way.begun(postgres_url) as bench:
            await dies(bench, way, at)
            await verify(bench)


async def test_i13_i14_a_second_crash_at_any_step_of_the_recovery_changes_nothing(
    postgres_url: str, way: Way
) -> None:
    """Pairs of crashes: a stride through the first worker's steps, and through the second's."""
    async with way.begun(postgres_url) as bench:
        steps = len(await steps_without_a_crash(bench, way))
    for at in range(1, steps + 1, 6):
        for again in range(1 + at % 4, steps + 1, 9):
            async with way.begun(postgres_url) as bench:
                await dies(bench, way, at)
                await dies(bench, way, again)
                await verify(bench)
