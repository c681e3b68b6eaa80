"""`Idempotency-Key`: a client that repeats a POST gets the first answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from http import HTTPStatus
from typing import cast
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel
from quart import Request, Response

from huleedu_service_libs.http import Problem
from services.api_gateway_service.store import Replies, Reply, Turn, UnderWay

_NAMES = UUID("9d2b52bb-5f0c-5c43-9d1f-3b5a8a1e6f10")
_MAX_LENGTH = 255


class PostHeaders(BaseModel):
    idempotency_key: str | None = None


def key_of(request: Request) -> str | None:
    """Raises Problem if there is one that cannot be used."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not key.strip() or len(key) > _MAX_LENGTH or not key.isprintable()):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_idempotency_key",
            f"An Idempotency-Key is 1 to {_MAX_LENGTH} printable characters.",
        )
    return key


def id_for(owner: str, subject: str, key: str | None) -> UUID:
    """The id of what a request creates: the same when it is repeated, even to another gateway."""
    return uuid4() if key is None else uuid5(_NAMES, f"{owner}\n{subject}\n{key}")


async def once(
    replies: Replies,
    owner: str,
    request: Request,
    fingerprint: Callable[[], Awaitable[str]],
    answer: Callable[[], Awaitable[Response]],
) -> Response:
    """The answer, or the first one if the request is a repeat.

    `fingerprint` tells what was asked; it is asked for when the answer is there, or, for a repeat,
    instead of it. Raises Problem: 409 while the first one is being answered, 422 if the key was
    used for something else.
    """
    key = key_of(request)
    if key is None:
        return await answer()
    async with _turn(replies, owner, request, key) as turn:
        if turn.reply is not None:
            if await fingerprint() != turn.reply.fingerprint:
                raise Problem(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "idempotency_key_reused",
                    "This Idempotency-Key was used for another request. Take a new one.",
                )
            return _response(turn.reply)
        response = await answer()
        turn.keep(await _kept(response, await fingerprint()))
        return response


@asynccontextmanager
async def _turn(replies: Replies, owner: str, request: Request, key: str) -> AsyncIterator[Turn]:
    batch_id = (request.view_args or {}).get("batch_id") or id_for(owner, "batch", key)
    try:
        async with replies.turn(owner, f"{request.method} {request.path}", key, batch_id) as turn:
            yield turn
    except UnderWay as error:
        raise Problem(
            HTTPStatus.CONFLICT,
            "request_under_way",
            "The first request with this Idempotency-Key is still being answered.",
            headers={"Retry-After": "2"},
        ) from error


async def fingerprint_of_body(request: Request) -> str:
    body = cast("bytes", await request.get_data())
    return sha256(body).hexdigest()


async def _kept(response: Response, fingerprint: str) -> Reply:
    return Reply(
        fingerprint=fingerprint,
        status=response.status_code,
        headers={
            name: response.headers[name]
            for name in ("Content-Type", "Location")
            if name in response.headers
        },
        body=await response.get_data(as_text=True),
    )


def _response(reply: Reply) -> Response:
    return Response(
        reply.body,
        status=reply.status,
        headers={**reply.headers, "Idempotent-Replayed": "true"},
    )
