"""CPU work in processes of its own, so that it never blocks an event loop."""

import os
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from huleedu_service_libs.errors import TemporaryError

ArgsT = TypeVarTuple("ArgsT")
ResultT = TypeVar("ResultT")


class CpuPool:
    """Runs importable functions with picklable arguments, `workers` at a time; 0: one a core.

    Worker processes are started on demand and kept for the next call; those idle for more than
    five minutes are let go when another one is made.
    """

    def __init__(self, workers: int = 0) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._limiter: CapacityLimiter | None = None

    async def run(
        self,
        function: Callable[[Unpack[ArgsT]], ResultT],
        *args: *ArgsT,
        timeout_seconds: float | None = None,
    ) -> ResultT:
        """Return or raise what the function does.

        A cancelled or late call ends its worker process. Raises TimeoutError when late, and
        TemporaryError if the worker process dies.
        """
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._workers)
        async with self._limiter:
            with anyio.fail_after(timeout_seconds):
                try:
                    return await to_process.run_sync(
                        function, *args, cancellable=True, limiter=CapacityLimiter(1)
                    )
                except BrokenWorkerProcess as error:
                    name = getattr(function, "__name__", str(function))
                    raise TemporaryError(f"the worker process of {name} died") from error
