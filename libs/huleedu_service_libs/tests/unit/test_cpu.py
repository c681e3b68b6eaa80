import asyncio
import os
import time

import pytest

from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.errors import TemporaryError


def spin(seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()


def refuse(reason: str) -> None:
    raise ValueError(reason)


def die() -> None:
    os._exit(3)


async def test_work_is_done_in_another_process() -> None:
    assert await CpuPool(1).run(spin, 0.0) != os.getpid()


async def test_what_the_function_raises_comes_out() -> None:
    with pytest.raises(ValueError, match="not this text"):
        await CpuPool(1).run(refuse, "not this text")


async def test_the_event_loop_goes_on_while_a_worker_computes() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counter = asyncio.create_task(count())
    await CpuPool(1).run(spin, 0.2)
    counter.cancel()
    assert turns > 100


async def test_work_that_takes_too_long_is_ended_and_the_pool_goes_on() -> None:
    pool = CpuPool(1)
    with pytest.raises(TimeoutError):
        await pool.run(spin, 60.0, timeout_seconds=0.1)
    assert await pool.run(spin, 0.0) != os.getpid()


async def test_a_worker_that_dies_is_a_temporary_error_and_the_pool_goes_on() -> None:
    pool = CpuPool(1)
    with pytest.raises(TemporaryError, match="die"):
        await pool.run(die)
    assert await pool.run(spin, 0.0) != os.getpid()


async def test_cancelled_work_gives_its_place_back() -> None:
    pool = CpuPool(1)
    task = asyncio.create_task(pool.run(spin, 60.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await pool.run(spin, 0.0) != os.getpid()
