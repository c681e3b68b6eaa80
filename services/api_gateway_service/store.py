"""Answers to requests with an `Idempotency-Key`, kept so that a repeat gets the first one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import cast
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis
from redis.exceptions import RedisError

from huleedu_service_libs.errors import TemporaryError

KEEP_SECONDS = 24 * 3600
LEASE_SECONDS = 15
_PREFIX = "gateway:reply:"
_OF_BATCH = "gateway:replies:"
"""The names of a batch's replies: there are names of files in those."""
_DELETED = "gateway:deleted:"

_IF_MINE_EXPIRE = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('expire', KEYS[1], ARGV[2]) end"
)
_KEEP = (
    "if redis.call('exists', KEYS[3]) == 1 then return redis.call('del', KEYS[1]) end "
    "redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2]) "
    "redis.call('sadd', KEYS[2], KEYS[1]) redis.call('expire', KEYS[2], ARGV[2])"
)
"""Unless the batch was deleted meanwhile."""
_IF_MINE_DELETE = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"


class Reply(BaseModel):
    model_config = ConfigDict(frozen=True)

    fingerprint: str
    """Of the request it answers."""
    status: int
    headers: dict[str, str]
    body: str


class UnderWay(Exception):  # noqa: N818 - not a failure: the first request is being answered
    """Another request with this key is being answered at the moment."""


class Turn:
    """The right to answer a request. `reply` is there if it was answered before."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply
        self.kept: Reply | None = None

    def keep(self, reply: Reply) -> None:
        """Give this answer to whoever asks again."""
        self.kept = reply


class Replies:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @asynccontextmanager
    async def turn(self, owner: str, request: str, key: str, batch_id: UUID) -> AsyncIterator[Turn]:
        """One at a time for each key; a turn that keeps no reply may be taken again.

        Raises UnderWay, and TemporaryError without Redis: nobody could say whether it is a repeat.
        A gateway that dies leaves the key free after `LEASE_SECONDS`.
        """
        name = _PREFIX + sha256(f"{owner}\n{request}\n{key}".encode()).hexdigest()
        token = uuid4().hex
        try:
            known = await self._redis.set(name, token, nx=True, get=True, ex=LEASE_SECONDS)
        except RedisError as error:
            raise TemporaryError(f"no reply can be looked up: {error!r}") from error
        if known is not None:
            yield Turn(_reply(cast("bytes | str", known)))
            return
        turn = Turn(None)
        lease = asyncio.create_task(self._extend(name, token))
        try:
            yield turn
        finally:
            lease.cancel()
            with suppress(RedisError):  # the effect stands; a repeat meets the services' own keys
                await self._end(name, token, turn.kept, batch_id)

    async def _extend(self, name: str, token: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(RedisError):
                await self._redis.eval(_IF_MINE_EXPIRE, 1, name, token, LEASE_SECONDS)

    async def forget(self, batch_id: UUID) -> None:
        """Give no reply about the batch again, and keep none that is being made.

        Raises TemporaryError without Redis.
        """
        names = f"{_OF_BATCH}{batch_id}"
        try:
            await self._redis.set(f"{_DELETED}{batch_id}", "", ex=KEEP_SECONDS)
            of_batch = await cast("Awaitable[set[bytes]]", self._redis.smembers(names))
            await self._redis.delete(names, *of_batch)
        except RedisError as error:
            raise TemporaryError(f"the replies cannot be deleted: {error!r}") from error

    async def _end(self, name: str, token: str, kept: Reply | None, batch_id: UUID) -> None:
        if kept is None:
            await self._redis.eval(_IF_MINE_DELETE, 1, name, token)
        else:
            keys = (name, f"{_OF_BATCH}{batch_id}", f"{_DELETED}{batch_id}")
            await self._redis.eval(_KEEP, len(keys), *keys, kept.model_dump_json(), KEEP_SECONDS)


def _reply(known: bytes | str) -> Reply:
    text = known.decode() if isinstance(known, bytes) else known
    if not text.startswith("{"):
        raise UnderWay
    return Reply.model_validate_json(text)
