"""The public API."""

from collections import defaultdict
from collections.abc import AsyncIterator
from http import HTTPStatus
from uuid import UUID

from dishka import FromDishka
from pydantic import BaseModel, Field
from quart import Blueprint, Response, g, request, url_for
from quart_schema import (
    DataSource,
    document_headers,
    document_querystring,
    document_request,
    document_response,
)

from common_core.http_models import Uploaded, UploadForm
from common_core.identifiers import BatchId, EssayId, RunId
from huleedu_report import errors_csv, results_csv, verdicts_csv
from huleedu_service_libs.http import Problem, inject, json_response, parse_body
from huleedu_service_libs.openapi import problems
from services.api_gateway_service.access import owner_of
from services.api_gateway_service.api.idempotency import (
    PostHeaders,
    fingerprint_of_body,
    id_for,
    key_of,
    once,
)
from services.api_gateway_service.api.upload import Upload
from services.api_gateway_service.config import Settings
from services.api_gateway_service.desk import Desk, Step
from services.api_gateway_service.domain.bodies import (
    CreatedBatch,
    EssayReport,
    Joined,
    NewBatch,
    NewRun,
    Report,
    Run,
    Status,
    Statuses,
    Waiting,
)
from services.api_gateway_service.domain.keys import ApiKeys
from services.api_gateway_service.domain.views import class_errors, printable, report
from services.api_gateway_service.store import Replies

api = Blueprint("api", __name__)


class WhichRun(BaseModel):
    run_id: UUID | None = Field(default=None, description="one run; left out: the latest")


class Resume(WhichRun):
    last_event_id: int | None = Field(
        default=None, description="like the header Last-Event-ID: go on after this one"
    )


@api.before_request
@inject
async def authenticate(keys: FromDishka[ApiKeys]) -> None:
    g.owner = owner_of(request, keys)


@api.post("/v1/batches")
@document_headers(PostHeaders)
@document_request(NewBatch)
@document_response(CreatedBatch, 201)
@problems(401, 409, 413, 422)
@inject
async def create_batch(desk: FromDishka[Desk], replies: FromDishka[Replies]) -> Response:
    """Register a batch. The essays are uploaded next; the work begins when all are there."""
    owner = g.owner

    async def answer() -> Response:
        new = await parse_body(NewBatch)
        batch_id = BatchId(id_for(owner, "batch", key_of(request)))
        created = await desk.create(owner, batch_id, new)
        response = json_response(created, HTTPStatus.CREATED)
        response.headers["Location"] = url_for("api.show_batch", batch_id=batch_id)
        return response

    return await once(replies, owner, request, lambda: fingerprint_of_body(request), answer)


@api.post("/v1/batches/<uuid:batch_id>/essays")
@document_headers(PostHeaders)
@document_request(UploadForm, source=DataSource.FORM_MULTIPART)
@document_response(Uploaded, 200)
@problems(401, 404, 409, 413, 422)
@inject
async def upload_essays(
    batch_id: UUID,
    desk: FromDishka[Desk],
    replies: FromDishka[Replies],
    settings: FromDishka[Settings],
) -> Response:
    """Upload essays: .txt, .md, .docx, .odt or .pdf. Each file has its own outcome.

    All at once, one by one or in groups; the same file twice counts once.
    """
    owner = g.owner
    upload = Upload(request, settings.max_file_bytes)

    async def answer() -> Response:
        found = await desk.upload(owner, BatchId(batch_id), aiter(upload), upload.content_type)
        return json_response(found)

    async def fingerprint() -> str:
        await upload.drain()
        return upload.fingerprint

    return await once(replies, owner, request, fingerprint, answer)


@api.post("/v1/batches/<uuid:batch_id>/additions")
@document_headers(PostHeaders)
@document_request(UploadForm, source=DataSource.FORM_MULTIPART)
@document_response(Joined, 200)
@problems(401, 404, 409, 413, 422)
@inject
async def add_essays(
    batch_id: UUID,
    desk: FromDishka[Desk],
    replies: FromDishka[Replies],
    settings: FromDishka[Settings],
) -> Response:
    """Let essays join a batch whose own are all there, at work or over.

    They alone are corrected, and compared with the others; what was compared before stays. The
    results are replaced at the end. The same essay twice counts once.
    """
    owner = g.owner
    upload = Upload(request, settings.max_file_bytes)

    async def answer() -> Response:
        request_id = RunId(id_for(owner, f"addition {batch_id}", key_of(request)))
        found = await desk.add_essays(
            owner, BatchId(batch_id), request_id, aiter(upload), upload.content_type
        )
        return json_response(found)

    async def fingerprint() -> str:
        await upload.drain()
        return upload.fingerprint

    return await once(replies, owner, request, fingerprint, answer)


@api.post("/v1/batches/<uuid:batch_id>/pipelines")
@document_headers(PostHeaders)
@document_request(NewRun)
@document_response(Run, 202)
@problems(401, 404, 409, 413, 422)
@inject
async def start_pipeline(
    batch_id: UUID, desk: FromDishka[Desk], replies: FromDishka[Replies]
) -> Response:
    """Run a pipeline again, perhaps with another judge; what has not changed is not done twice."""
    owner = g.owner

    async def answer() -> Response:
        new = await parse_body(NewRun)
        run_id = RunId(id_for(owner, f"run {batch_id}", key_of(request)))
        started = await desk.start(owner, BatchId(batch_id), run_id, new)
        return json_response(started, HTTPStatus.ACCEPTED)

    return await once(replies, owner, request, lambda: fingerprint_of_body(request), answer)


@api.get("/v1/batches")
@document_response(Statuses)
@problems(401)
@inject
async def list_batches(desk: FromDishka[Desk]) -> Response:
    """Your batches, the newest first."""
    return json_response(await desk.statuses(g.owner))


@api.get("/v1/batches/<uuid:batch_id>")
@document_response(Status)
@problems(401, 404)
@inject
async def show_batch(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """Where a batch is."""
    return json_response(await desk.status(g.owner, BatchId(batch_id)))


@api.get("/v1/batches/<uuid:batch_id>/waiting")
@document_response(Waiting)
@problems(401, 404)
@inject
async def show_waiting(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """What a batch is waiting for, since when, and what to do about it."""
    return json_response(await desk.waiting(g.owner, BatchId(batch_id)))


@api.get("/v1/batches/<uuid:batch_id>/results")
@document_querystring(WhichRun)
@document_response(Report)
@problems(401, 404, 409)
@inject
async def show_results(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """The ranking, with every essay's text and corrections."""
    return json_response(await desk.report(g.owner, BatchId(batch_id), run_wanted()))


@api.get("/v1/batches/<uuid:batch_id>/results.csv")
@document_querystring(WhichRun)
@problems(401, 404, 409)
@inject
async def show_results_as_csv(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """The ranking as a spreadsheet, without the texts."""
    found = await desk.report(g.owner, BatchId(batch_id), run_wanted())
    return _spreadsheet("results.csv", results_csv(printable(found)))


@api.get("/v1/batches/<uuid:batch_id>/verdicts.csv")
@document_querystring(WhichRun)
@problems(401, 404, 409)
@inject
async def show_verdicts_as_csv(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """The log of comparisons, as `huleedu cj fit` reads it."""
    results = await desk.results(g.owner, BatchId(batch_id), run_wanted())
    found = report(results, defaultdict(str), await desk.verdicts(results))
    return _spreadsheet("verdicts.csv", verdicts_csv(printable(found)))


@api.get("/v1/batches/<uuid:batch_id>/errors.csv")
@document_querystring(WhichRun)
@problems(401, 404, 409)
@inject
async def show_errors_as_csv(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """What the class misspelt as a spreadsheet, most frequent first."""
    found = await desk.results(g.owner, BatchId(batch_id), run_wanted())
    return _spreadsheet("errors.csv", errors_csv(class_errors(found)))


def _spreadsheet(name: str, rows: str) -> Response:
    return Response(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@api.get("/v1/batches/<uuid:batch_id>/essays/<uuid:essay_id>")
@document_response(EssayReport)
@problems(401, 404, 409)
@inject
async def show_essay(batch_id: UUID, essay_id: UUID, desk: FromDishka[Desk]) -> Response:
    """One essay's result, text and corrections."""
    return json_response(await desk.essay(g.owner, BatchId(batch_id), EssayId(essay_id)))


@api.get("/v1/batches/<uuid:batch_id>/events")
@document_querystring(Resume)
@problems(401, 404)
@inject
async def follow_batch(
    batch_id: UUID, desk: FromDishka[Desk], settings: FromDishka[Settings]
) -> Response:
    """Live progress as server-sent events.

    `event: progress` with the batch's status as data and a growing id, then `event: end` when the
    batch is over and its results are ready. Resumes after `Last-Event-ID`.
    """
    await desk.ownership.require(BatchId(batch_id), g.owner)
    steps = desk.follow(
        BatchId(batch_id),
        after=_last_event_id(),
        run_id=run_wanted(),
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    response = Response(_as_events(steps), content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


async def _as_events(steps: AsyncIterator[Step | None]) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    last: Step | None = None
    async for step in steps:
        yield b": nothing new\n\n" if step is None else _event("progress", step)
        last = step or last
    if last is not None:
        yield _event("end", last)


def _event(name: str, step: Step) -> bytes:
    data = step.status.model_dump_json()
    return f"id: {step.sequence}\nevent: {name}\ndata: {data}\n\n".encode()


def _last_event_id() -> int | None:
    sent = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    return int(sent) if sent and sent.isdecimal() else None


def run_wanted() -> UUID | None:
    sent = request.args.get("run_id")
    try:
        return UUID(sent) if sent else None
    except ValueError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "run_id: not a UUID"
        ) from error
