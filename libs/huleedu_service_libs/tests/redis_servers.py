"""The double and the real server behind one face, so that one suite holds for both."""

import asyncio
from typing import Protocol, cast

import redis.asyncio

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.testing.clock import FakeClock
from huleedu_service_libs.testing.fake_redis import FakeRedis


class Server(Protocol):
    @property
    def client(self) -> "redis.asyncio.Redis": ...
    @property
    def clock(self) -> Clock:
        """The workers' clock, which runs as fast as the server's."""
        ...

    async def pass_time(self, seconds: float) -> None: ...


class Double:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.client = cast("redis.asyncio.Redis", FakeRedis(self.clock))

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)


class Real:
    """A server whose time is real: the suite asks it only for short waits."""

    def __init__(self, url: str) -> None:
        self.clock = SystemClock()
        self.client = redis.asyncio.Redis.from_url(url)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        await self.client.flushall()
        await self.client.aclose()
