"""How fast an endpoint is called."""

import asyncio

from huleedu_service_libs.testing.clock import FakeClock, settle
from services.cj_assessment_service.judges.pace import Pace


async def starts(pace: Pace, clock: FakeClock, calls: int) -> list[float]:
    """When so many calls that want to start now do start, once a minute has passed."""
    begun = clock.monotonic()
    started = []

    async def call() -> None:
        async with pace.turn():
            await pace.wait()
            started.append(clock.monotonic() - begun)

    tasks = [asyncio.create_task(call()) for _ in range(calls)]
    await clock.advance(60)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return started


async def test_calls_a_minute_are_spread_evenly() -> None:
    clock = FakeClock()
    assert await starts(Pace(clock, at_once=4, per_minute=6), clock, 5) == [0, 10, 20, 30, 40]


async def test_without_a_limit_nobody_waits() -> None:
    clock = FakeClock()
    assert await starts(Pace(clock, at_once=4), clock, 3) == [0, 0, 0]


async def test_no_call_starts_while_the_endpoint_asks_to_wait() -> None:
    clock = FakeClock()
    pace = Pace(clock, at_once=4)
    pace.hold(25)
    pace.hold(10)
    assert await starts(pace, clock, 2) == [25, 25]


async def test_only_so_many_are_under_way_at_once() -> None:
    pace = Pace(FakeClock(), at_once=2)
    under_way = 0
    end = asyncio.Event()

    async def call() -> None:
        nonlocal under_way
        async with pace.turn():
            under_way += 1
            await end.wait()

    tasks = [asyncio.create_task(call()) for _ in range(5)]
    await settle()
    assert under_way == 2
    end.set()
    await asyncio.gather(*tasks)
    assert under_way == 5
