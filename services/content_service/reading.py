"""Extraction in a worker process, where a hostile file can harm nothing but its own process."""

from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.errors import TemporaryError
from services.content_service.computation import extract_confined
from services.content_service.domain import Extracted, Limits, extract
from services.content_service.domain.refusals import Refusal, refuse


class Reader:
    def __init__(self, pool: CpuPool, limits: Limits, *, seconds: float, memory_bytes: int) -> None:
        self._pool = pool
        self._limits = limits
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    async def read(self, file_name: str, data: bytes) -> Extracted:
        """Return the text or raise `UnreadableFile`, within the time limit or soon after it."""
        try:
            return await self._run(file_name, data)
        except TimeoutError as error:
            raise refuse(Refusal.TIMED_OUT) from error
        except TemporaryError:
            # The worker process died. It may have been killed for another's sake: once more.
            try:
                return await self._run(file_name, data)
            except (TimeoutError, TemporaryError) as error:
                raise refuse(Refusal.DAMAGED_FILE) from error

    async def _run(self, file_name: str, data: bytes) -> Extracted:
        if len(data) > self._limits.file_bytes:  # not worth the way to another process
            return extract(file_name, data, self._limits)
        return await self._pool.run(
            extract_confined,
            file_name,
            data,
            self._limits,
            self._memory_bytes,
            timeout_seconds=self._seconds,
        )
