"""The gateway's public API, as far as `assess` needs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from huleedu_cli.essays import Essay
from huleedu_cli.problem import Problem

_REQUEST_FILES = 20
_REQUEST_BYTES = 64_000_000
_FIRST_TRIES = 6
_TRIES = 15
"""Once the gateway has answered: some fifty seconds, in which a service or the gateway restarts."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_SILENCE_SECONDS = 60.0
"""The gateway shows every few seconds that it is alive; after this long a stream is dead."""
_TRY_AGAIN = {429, 502, 503, 504}


class Gone(Problem):
    """The batch was deleted; the message says when."""


class Gateway:
    """An async context around the connection. Every method raises Problem in words for people."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        timeout = httpx.Timeout(30, read=_SILENCE_SECONDS, write=120)
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout)
        self._reached = False

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def create_batch(self, batch: dict[str, Any]) -> str:
        answer = await self._call("POST", "/v1/batches", json=batch)
        return str(answer["batch_id"])

    async def upload(
        self, batch_id: str, essays: Sequence[Essay]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Send the files in requests of bearable size; yields what became of those of each."""
        async for answer in self._send(f"/v1/batches/{batch_id}/essays", essays):
            yield answer["files"]

    def add_essays(self, batch_id: str, essays: Sequence[Essay]) -> AsyncIterator[dict[str, Any]]:
        """Let essays join a batch that has its own; yields the answer to each request."""
        return self._send(f"/v1/batches/{batch_id}/additions", essays)

    async def _send(self, path: str, essays: Sequence[Essay]) -> AsyncIterator[dict[str, Any]]:
        for group in _requests(essays):
            files = [("files", (essay.name, essay.path.read_bytes())) for essay in group]
            yield await self._call("POST", path, files=files)

    async def events(
        self, batch_id: str, run_id: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Follow the batch, or that run, to its end; yields its status whenever it has changed."""
        last_id, failures = "", 0
        query = {"run_id": run_id} if run_id else {}
        while True:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last_id}
            try:
                address = f"/v1/batches/{batch_id}/events"
                async with self._http.stream(
                    "GET", address, headers=headers, params=query
                ) as response:
                    if response.status_code not in _TRY_AGAIN:
                        await self._check(response)
                        async for event in _events(response):
                            last_id, failures = event.id or last_id, 0
                            if event.name == "end":
                                return
                            if event.name == "progress":
                                yield json.loads(event.data)
            except httpx.TransportError as error:
                if failures >= self._tries:
                    raise self._unreachable(error) from error
            failures += 1
            await _pause(failures)

    async def results(self, batch_id: str) -> dict[str, Any]:
        return await self._call("GET", f"/v1/batches/{batch_id}/results")

    async def status(self, batch_id: str) -> dict[str, Any]:
        return await self._call("GET", f"/v1/batches/{batch_id}")

    async def waiting(self, batch_id: str) -> dict[str, Any]:
        """What the batch is waiting for, and why."""
        return await self._call("GET", f"/v1/batches/{batch_id}/waiting")

    async def delete(self, batch_id: str) -> dict[str, Any]:
        """When it was deleted, and who has still to forget it; so also if it was before."""
        return await self._call("DELETE", f"/v1/batches/{batch_id}")

    async def deletion(self, batch_id: str) -> dict[str, Any]:
        return await self._call("GET", f"/v1/batches/{batch_id}/deletion")

    async def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """Call, and call again where that may help; the key lets the gateway know the repeat."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        for tries in count(1):
            try:
                response = await self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError as error:
                if tries >= self._tries:
                    raise self._unreachable(error) from error
            else:
                self._reached = True
                if tries >= self._tries or not _may_succeed_later(response):
                    await self._check(response)
                    answer: dict[str, Any] = response.json()
                    return answer
            await _pause(tries)
        raise AssertionError("unreachable")

    @property
    def _tries(self) -> int:
        """A wrong address is told soon; a gateway that was there is waited for."""
        return _TRIES if self._reached else _FIRST_TRIES

    async def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        await response.aread()
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise Problem(
                f"The gateway at {self._url} does not know this API key; set HULEEDU_API_KEY."
            )
        try:
            body = response.json()
            detail = body["detail"]
        except (ValueError, KeyError, TypeError):
            raise Problem(
                f"The gateway at {self._url} answered {response.status_code}"
                f" {response.reason_phrase}; is it HuleEdu's?"
            ) from None
        if response.status_code == httpx.codes.GONE:
            raise Gone(str(detail))
        raise Problem(str(detail))

    def _unreachable(self, error: httpx.TransportError) -> Problem:
        reason = str(error) or type(error).__name__
        return Problem(f"The gateway at {self._url} does not answer: {reason}.")


async def _pause(failures: int) -> None:
    await asyncio.sleep(min(_FIRST_PAUSE_SECONDS * failures, _LONGEST_PAUSE_SECONDS))


def _may_succeed_later(response: httpx.Response) -> bool:
    if response.status_code == httpx.codes.CONFLICT:
        # Our own first try, whose answer was lost, is still being worked on.
        return "request_under_way" in response.text
    return response.status_code in _TRY_AGAIN


@dataclass(frozen=True)
class _Event:
    name: str
    id: str
    data: str


async def _events(response: httpx.Response) -> AsyncIterator[_Event]:
    """Parse server-sent events; comments, which only show that somebody is there, are left out."""
    fields: dict[str, list[str]] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "data" in fields or "event" in fields:
            yield _Event(
                name=fields.get("event", ["message"])[-1],
                id=fields.get("id", [""])[-1],
                data="\n".join(fields.get("data", [])),
            )
        fields = {}


def _requests(essays: Sequence[Essay]) -> Iterator[list[Essay]]:
    group: list[Essay] = []
    size = 0
    for essay in essays:
        more = essay.path.stat().st_size
        if group and (len(group) == _REQUEST_FILES or size + more > _REQUEST_BYTES):
            yield group
            group, size = [], 0
        group.append(essay)
        size += more
    if group:
        yield group
