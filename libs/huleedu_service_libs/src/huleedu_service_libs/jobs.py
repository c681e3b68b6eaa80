"""What a service does from time to time unasked, such as looking for deadlines passed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from dishka import AsyncContainer
from dishka.integrations.base import wrap_injection

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    seconds: float
    run: Callable[..., Awaitable[None]]


def every(seconds: float, run: Callable[..., Awaitable[None]]) -> Job:
    """Call `run` this long after its last end; its `FromDishka[...]` parameters are filled.

    A run that fails is logged and tried again: the state it looks at is in the database.
    """
    return Job(seconds, run)


def injected(
    function: Callable[..., Awaitable[None]], container: AsyncContainer
) -> Callable[[], Awaitable[None]]:
    """`function` with its `FromDishka[...]` parameters filled from `container`."""
    return wrap_injection(
        func=function, is_async=True, container_getter=lambda _args, _kwargs: container
    )


async def repeat(job: Job, container: AsyncContainer) -> None:
    run = injected(job.run, container)
    while True:
        await asyncio.sleep(job.seconds)
        try:
            await run()
        except Exception:
            log.exception("job failed", job=job.run.__name__)
