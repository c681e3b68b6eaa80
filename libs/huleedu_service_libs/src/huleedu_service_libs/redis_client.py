"""The client of Redis."""

from typing import Any

import hiredis
from redis.asyncio import Connection, ConnectionPool


class _Connection(Connection):
    """Scripts with hundreds of arguments are packed by hiredis; redis-py only reads with it."""

    def pack_command(self, *args: Any) -> list[bytes]:
        return [hiredis.pack_command(args)] if args[0] == "EVALSHA" else super().pack_command(*args)


def connection_pool(url: str) -> ConnectionPool:
    return ConnectionPool.from_url(url, connection_class=_Connection)
