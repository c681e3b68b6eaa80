"""Files in, texts out, over HTTP."""

import asyncio
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response, request
from quart.blueprints import BlueprintSetupState
from quart_schema import DataSource, document_request, document_response
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common_core.http_models import ReadFile, ReadFiles, StoredText, UploadForm
from common_core.identifiers import BatchId, TextId
from huleedu_service_libs.http import Problem, correlation_id, inject, json_response
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.together import all_of
from services.content_service.config import Settings
from services.content_service.intake import Intake, refuse_deleted
from services.content_service.store import File, get_text, put_text, use_text
from services.content_service.uploads import ReceivedFile, Spool

_AT_ONCE = 4
_IN_MEMORY_BYTES = 4_000_000
_BYTES_A_CHARACTER = 4
_FOREVER = "public, max-age=31536000, immutable"

api = Blueprint("content", __name__)


@api.record
def count_bytes_here(state: BlueprintSetupState) -> None:
    """Each route has a limit of its own, and counts what really arrives."""
    state.app.config["MAX_CONTENT_LENGTH"] = None


@api.post("/v1/batches/<uuid:batch_id>/essays")
@document_request(UploadForm, source=DataSource.FORM_MULTIPART)
@document_response(ReadFiles)
@problems(408, 410, 413, 422)
@inject
async def upload_essays(
    batch_id: UUID, intake: FromDishka[Intake], settings: FromDishka[Settings]
) -> Response:
    """Take the files of a multipart body; each has its own outcome, in the order sent."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as kept:
        spool = Spool(
            kept,
            max_upload_bytes=settings.content_max_upload_bytes,
            max_file_bytes=settings.content_max_file_bytes,
        )
        files = await _received(spool, settings.content_upload_seconds)
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def take(received: ReceivedFile) -> ReadFile:
            async with at_once:
                file = File(BatchId(batch_id), received.name, received.hash)
                return await intake.take(file, spool.read(received), correlation_id())

        outcomes = await all_of(*map(take, files))
    return json_response(ReadFiles(files=tuple(outcomes)))


async def _received(spool: Spool, seconds: float) -> list[ReceivedFile]:
    try:
        async with asyncio.timeout(seconds):
            return await spool.receive(request.headers.get("Content-Type", ""), request.body)
    except TimeoutError as error:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "upload_too_slow",
            f"The files did not arrive within {seconds:.0f} seconds.",
        ) from error


@api.get("/v1/texts/<text_id>")
@problems(404)
@inject
async def read_text(
    text_id: str, sessions: FromDishka[async_sessionmaker[AsyncSession]]
) -> Response:
    """The text itself, UTF-8; it never changes."""
    async with sessions() as session:
        text = await get_text(session, TextId(text_id))
    if text is None:
        raise _no_such_text()
    headers = {"Cache-Control": _FOREVER, "ETag": f'"{text_id}"'}
    return Response(text.encode(), content_type="text/plain; charset=utf-8", headers=headers)


@api.post("/v1/batches/<uuid:batch_id>/texts")
@document_response(StoredText)
@problems(410, 413, 422)
@inject
async def keep_text(
    batch_id: UUID,
    sessions: FromDishka[async_sessionmaker[AsyncSession]],
    settings: FromDishka[Settings],
) -> Response:
    """Keep the body, UTF-8 without NUL, as it is; its id is its hash, so a repeat is harmless."""
    text = _as_text(await _small_body(settings.content_max_text_characters * _BYTES_A_CHARACTER))
    async with sessions.begin() as session:
        await refuse_deleted(session, BatchId(batch_id))
        text_id = await put_text(session, BatchId(batch_id), text)
    return json_response(StoredText(text_id=text_id))


@api.put("/v1/batches/<uuid:batch_id>/texts/<text_id>")
@document_response(StoredText)
@problems(404, 410)
@inject
async def keep_text_too(
    batch_id: UUID, text_id: str, sessions: FromDishka[async_sessionmaker[AsyncSession]]
) -> Response:
    """Keep a text that is there for this batch too: it goes with the last batch that has it."""
    async with sessions.begin() as session:
        await refuse_deleted(session, BatchId(batch_id))
        if not await use_text(session, BatchId(batch_id), TextId(text_id)):
            raise _no_such_text()
    return json_response(StoredText(text_id=TextId(text_id)))


async def _small_body(max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.body:
        body += chunk
        if len(body) > max_bytes:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "text_too_long",
                f"The text is larger than {max_bytes:,} bytes.",
            )
    return bytes(body)


def _no_such_text() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "text_not_found", "There is no text with this id.")


def _as_text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _not_text("The text is not UTF-8.") from error
    if "\x00" in text:
        raise _not_text("The text holds a NUL character.")
    return text


def _not_text(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not_text", detail)
