"""What holds for every request: how large it may be, and from where its answer may load."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from quart import Quart, Request, Response
from quart.wrappers.request import Body

from huleedu_service_libs.http import Problem
from services.api_gateway_service.config import Settings

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_BODY = "huleedu.body"
UNREAD_BYTES = 256 * 1024
_DRAINED_TIMES_THE_LIMIT = 5


class PacedBody(Body):
    """A request body that is received no faster than it is read, so that memory stays bounded.

    Read in pieces or as a whole, each with its own limit; beyond it Problem 413 is raised.
    """

    most_in_pieces = 0
    most_as_whole = 0

    def __init__(self, expected: int | None, _most: int | None) -> None:
        super().__init__(expected, None)
        self._room = asyncio.Event()
        self._room.set()
        self._whole = False
        self._read = 0

    async def room(self) -> None:
        """Return when more may be received."""
        if not self._whole:
            await self._room.wait()

    def append(self, data: bytes) -> None:
        super().append(data)
        if len(self._data) > UNREAD_BYTES:
            self._room.clear()

    async def __anext__(self) -> bytes:
        data = await self._next_piece()
        if self._read > self.most_in_pieces:
            await self.drain()
            raise _too_large()
        return data

    async def drain(self) -> None:
        """Take in the rest, within reason, and throw it away.

        A client that is answered while it still sends sees a broken connection, not the answer.
        """
        with suppress(StopAsyncIteration):
            while self._read <= _DRAINED_TIMES_THE_LIMIT * self.most_in_pieces:
                await self._next_piece()

    async def _next_piece(self) -> bytes:
        data = await super().__anext__()
        self._read += len(data)
        self._room.set()
        return data

    def __await__(self) -> Generator[Any, None, Any]:
        self._whole = True
        self._max_content_length = self.most_as_whole
        if len(self._data) > self.most_as_whole:
            self._must_raise = _too_large()
        self._room.set()
        return super().__await__()


def guard(app: Quart, settings: Settings) -> None:
    """Put the front door before an application."""

    class LimitedBody(PacedBody):
        most_in_pieces = settings.max_upload_bytes
        most_as_whole = settings.max_body_bytes

    class PacedRequest(Request):
        body_class = LimitedBody  # type: ignore[assignment]  # declared as one class only

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            kwargs["scope"][_BODY] = self.body

    app.request_class = PacedRequest
    app.config["MAX_CONTENT_LENGTH"] = None  # counted as it arrives, by the body itself
    app.config["BODY_TIMEOUT"] = settings.upload_seconds
    app.asgi_app = _paced(app.asgi_app)  # type: ignore[method-assign,assignment]  # the documented way
    app.after_request(_secure)


def _paced(
    asgi_app: Callable[..., Awaitable[None]],
) -> Callable[[Any, Callable[[], Awaitable[Any]], Any], Awaitable[None]]:
    async def call(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        async def receive_when_there_is_room() -> Any:
            body = scope.get(_BODY)
            if body is not None:
                await body.room()
            return await receive()

        await asgi_app(scope, receive_when_there_is_room, send)

    return call


async def _secure(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "request_too_large",
        "This request is too large. Send the files in several requests.",
    )
