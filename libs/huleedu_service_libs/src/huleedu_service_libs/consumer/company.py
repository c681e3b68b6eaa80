"""Who may run beside whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Company:
    """Many run together; one that asks to run alone waits for the others, who then wait for it."""

    def __init__(self) -> None:
        self._together = 0
        self._waiting_alone = 0
        self._is_alone = False
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        while self._waiting_alone or self._is_alone:
            await self._changed.wait()
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._waiting_alone += 1
        try:
            while self._together or self._is_alone:
                await self._changed.wait()
            self._is_alone = True
        finally:
            self._waiting_alone -= 1
            self._tell()
        try:
            yield
        finally:
            self._is_alone = False
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
