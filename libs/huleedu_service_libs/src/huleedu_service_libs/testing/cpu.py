"""CPU work without the seconds that a new process takes to load what it computes with."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from huleedu_service_libs.cpu import CpuPool

ArgsT = TypeVarTuple("ArgsT")
ResultT = TypeVar("ResultT")


class ThreadCpu(CpuPool):
    """The same functions in a thread, for tests that each have an event loop of their own."""

    def __init__(self) -> None:
        super().__init__(workers=1)

    async def run(
        self,
        function: Callable[[Unpack[ArgsT]], ResultT],
        *args: *ArgsT,
        timeout_seconds: float | None = None,
    ) -> ResultT:
        async with asyncio.timeout(timeout_seconds):
            return await asyncio.to_thread(function, *args)
