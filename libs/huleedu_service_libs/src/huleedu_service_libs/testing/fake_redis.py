"""A Redis in memory: it runs the real Lua scripts, expires by a turned clock, is slow and fails.

It knows the commands that the library uses and passes the same suite as the server.
"""

import asyncio
import fnmatch
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from huleedu_service_libs.clock import Clock
from huleedu_service_libs.testing.process import Process


class FakeRedis:
    """Use it wherever a `redis.asyncio.Redis` of the library is expected.

    `latency`: seconds by the clock that each command takes. `down`: nothing is executed, every
    command raises a connection error. `answers_lost`: so many commands are executed, but raise a
    timeout. `before`: awaited before each command with its name, to interleave something.
    """

    def __init__(self, clock: Clock) -> None:
        self.latency = 0.0
        self.down = False
        self.answers_lost = 0
        self.before: Callable[[str], Awaitable[None]] | None = None
        self.commands: list[str] = []
        """The names of what was executed; a script counts as one command, as for a server."""
        self._clock = clock
        self._data: dict[str, tuple[str, float | None]] = {}
        self._lua = LuaRuntime(unpack_returned_tuples=True)
        self._functions: dict[str, Any] = {}

    def register_script(self, script: str) -> Callable[..., Awaitable[list[Any]]]:
        async def call(*, keys: Sequence[str] = (), args: Sequence[Any] = ()) -> list[Any]:
            answer = await self._command("evalsha", lambda: self._eval(script, keys, args))
            return answer if isinstance(answer, list) else [answer]

        return call

    async def ping(self) -> bool:
        return bool(await self._command("ping", lambda: True))

    async def get(self, key: str | bytes) -> bytes | None:
        value = await self._command("get", lambda: self._get(_text(key)))
        return None if value is None else str(value).encode()

    async def set(
        self,
        key: str,
        value: str | bytes,
        *,
        px: int | None = None,
        ex: int | None = None,
        nx: bool = False,
    ) -> bool | None:
        milliseconds = px if px is not None else ex and ex * 1000

        def execute() -> bool | None:
            if nx and self._get(key) is not None:
                return None
            self._set(key, _text(value), milliseconds)
            return True

        return await self._command("set", execute)  # type: ignore[no-any-return]

    async def delete(self, *keys: str | bytes) -> int:
        return int(
            await self._command("del", lambda: sum(self._delete(_text(key)) for key in keys))
        )

    async def exists(self, *keys: str | bytes) -> int:
        found = await self._command("exists", lambda: [self._get(_text(key)) for key in keys])
        return sum(value is not None for value in found)

    async def pttl(self, key: str | bytes) -> int:
        return int(await self._command("pttl", lambda: self._pttl(_text(key))))

    async def pexpire(self, key: str | bytes, milliseconds: int) -> int:
        return int(await self._command("pexpire", lambda: self._pexpire(_text(key), milliseconds)))

    async def keys(self, pattern: str = "*") -> list[bytes]:
        found = await self._command("keys", lambda: list(self._data))
        return [
            key.encode()
            for key in found
            if self._get(key) is not None and fnmatch.fnmatchcase(key, pattern)
        ]

    async def flushall(self) -> bool:
        await self._command("flushall", self._data.clear)
        return True

    async def aclose(self) -> None:
        return

    def connection(self, process: Process) -> "RedisConnection":
        """The same data for a process that can be killed."""
        return RedisConnection(self, process)

    async def _command(self, name: str, execute: Callable[[], Any]) -> Any:
        if self.before is not None:
            await self.before(name)
        if self.latency:
            await self._clock.sleep(self.latency)
        else:
            await asyncio.sleep(0)
        if self.down:
            raise RedisConnectionError("the fake Redis is down")
        answer = execute()
        self.commands.append(name)
        await asyncio.sleep(0)
        if self.answers_lost:
            self.answers_lost -= 1
            raise RedisTimeoutError("the answer of the fake Redis was lost")
        return answer

    def _get(self, key: str) -> str | None:
        value, expires_at = self._data.get(key, (None, None))
        if expires_at is not None and self._clock.monotonic() >= expires_at:
            del self._data[key]
            return None
        return value

    def _set(self, key: str, value: str, milliseconds: int | None = None) -> None:
        expires_at = None if milliseconds is None else self._clock.monotonic() + milliseconds / 1000
        self._data[key] = (value, expires_at)

    def _delete(self, key: str) -> int:
        present = self._get(key) is not None
        self._data.pop(key, None)
        return int(present)

    def _pttl(self, key: str) -> int:
        if self._get(key) is None:
            return -2
        expires_at = self._data[key][1]
        return -1 if expires_at is None else round((expires_at - self._clock.monotonic()) * 1000)

    def _pexpire(self, key: str, milliseconds: int) -> int:
        value = self._get(key)
        if value is None:
            return 0
        self._set(key, value, milliseconds)
        return 1

    def _eval(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        if script not in self._functions:
            self._functions[script] = self._lua.eval(
                "function(KEYS, ARGV, redis, cjson)\n" + script + "\nend"
            )
        redis = self._lua.table_from({"call": self._call})
        cjson = self._lua.table_from({"encode": self._encode, "decode": self._decode})
        answer = self._functions[script](
            self._lua.table_from(list(keys)),
            self._lua.table_from([_text(arg) for arg in args]),
            redis,
            cjson,
        )
        return _reply(answer)

    def _call(self, command: str, *args: Any) -> Any:
        """What `redis.call` answers; a missing value is false in Lua."""
        name, texts = command.upper(), [_text(arg) for arg in args]
        if name == "GET":
            value = self._get(texts[0])
            return False if value is None else value
        if name == "MGET":
            found = [self._get(key) for key in texts]
            return self._lua.table_from([False if each is None else each for each in found])
        if name == "SET" and len(texts) == 4 and texts[2] == "PX":  # noqa: PLR2004 - SET k v PX ms
            self._set(texts[0], texts[1], int(texts[3]))
            return "OK"
        if name == "TIME":
            now = self._clock.monotonic()
            return self._lua.table_from([str(int(now)), str(int(now % 1 * 1_000_000))])
        simple: dict[str, Callable[[], int]] = {
            "DEL": lambda: self._delete(texts[0]),
            "EXISTS": lambda: int(self._get(texts[0]) is not None),
            "PTTL": lambda: self._pttl(texts[0]),
            "PEXPIRE": lambda: self._pexpire(texts[0], int(texts[1])),
        }
        return simple[name]()

    def _encode(self, value: Any) -> str:
        plain = value if isinstance(value, str) else dict(value.items())
        return json.dumps(plain, separators=(",", ":"))

    def _decode(self, text: str) -> Any:
        return self._lua.table_from(json.loads(text))


class RedisConnection:
    """One process's client."""

    def __init__(self, server: FakeRedis, process: Process) -> None:
        self._server = server
        self._process = process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._server, name)

        @wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._process.at(f"redis {name}")
            answer = await method(*args, **kwargs)
            await self._process.at(f"redis {name} done")
            return answer

        return call

    def register_script(self, script: str) -> Callable[..., Awaitable[list[Any]]]:
        run = self._server.register_script(script)

        async def call(*, keys: Sequence[str] = (), args: Sequence[Any] = ()) -> list[Any]:
            await self._process.at("script")
            answer = await run(keys=keys, args=args)
            await self._process.at("script done")
            return answer

        return call


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _reply(value: Any) -> Any:
    """Lua's answer as the client gives it: numbers cut to integers, strings as bytes."""
    if lua_type(value) == "table":
        return [_reply(item) for item in value.values()]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float):
        return int(value)
    return value
