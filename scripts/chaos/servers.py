"""PostgreSQL and Redis that can be killed and started again on the address they have."""

import asyncio
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import redis.asyncio

from huleedu_embedded.infrastructure import Host, InfrastructureError
from huleedu_embedded.specification import Specification
from scripts.chaos.proxy import Proxy

_RESTART_SECONDS = 30


class Server:
    """One server behind a proxy, with data that outlives it.

    `url` is the way through the proxy, the same for all its lives; `direct_url` goes around it.
    """

    part: str

    def __init__(self, directory: Path) -> None:
        self.proxy = Proxy()
        self.direct_url = ""
        self._directory = directory / self.part
        self._host: Host | None = None
        self._restarting = asyncio.Lock()

    @property
    def url(self) -> str:
        parts = urlsplit(self.direct_url)
        return urlunsplit(
            parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self.proxy.port}")
        )

    async def __aenter__(self) -> Self:
        await self.proxy.__aenter__()
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.proxy.__aexit__(kind, error, traceback)
        if self._host is not None:
            await asyncio.to_thread(self._host.stop)

    async def start(self) -> None:
        specification = Specification(parts=[self.part], directory=str(self._directory))
        async with asyncio.timeout(_RESTART_SECONDS):
            while True:
                self._host = Host(specification)
                try:
                    addresses = await asyncio.to_thread(self._host.addresses)
                except InfrastructureError:  # the one before is still on its way out
                    await asyncio.sleep(0.1)
                    continue
                break
        self.direct_url = await self._prepared(addresses[self.part])
        address = urlsplit(self.direct_url)
        self.proxy.target = (str(address.hostname), int(address.port or 0))

    async def restart(self, seconds: float) -> None:
        """End it at once, in no orderly way, with every connection; start it after so long."""
        async with self._restarting:
            self.proxy.target = None
            if self._host is not None:
                await asyncio.to_thread(self._host.kill)
            await self.proxy.cut()
            await asyncio.sleep(seconds)
            await self.start()

    async def _prepared(self, url: str) -> str:
        return url


class Postgres(Server):
    part = "postgres"


class Redis(Server):
    part = "redis"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._password = secrets.token_hex(16)

    async def flush(self) -> None:
        async with redis.asyncio.Redis.from_url(self.direct_url) as client:
            with suppress(redis.exceptions.ConnectionError):  # it is away just now
                await client.flushall()

    async def _prepared(self, url: str) -> str:
        """With the password of its first life."""
        async with redis.asyncio.Redis.from_url(url) as client:
            await client.config_set("requirepass", self._password)
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=f":{self._password}@127.0.0.1:{parts.port}"))
