from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.batch_events import BatchEssaysRegisteredV1
from common_core.http_models import (
    BatchRecord,
    BatchRecords,
    CreateBatch,
    OwnerQuery,
    PipelineStarted,
    StartPipeline,
)
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.deletion import is_barred
from huleedu_service_libs.http import (
    Problem,
    correlation_id,
    inject,
    json_response,
    parse_body,
)
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transaction, Transactions
from services.batch_orchestrator_service import effects
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import (
    InvalidBatchError,
    essay_ids,
    in_running_order,
    new_run,
    repeats,
    validate,
    validate_judge,
)
from services.batch_orchestrator_service.store import (
    Batch,
    add_batch,
    add_run_request,
    batches_of,
    find_batch,
    find_run_request,
    lock_batch,
    run_exists,
)

api = Blueprint("batches", __name__)


@api.post("/v1/batches")
@document_request(CreateBatch)
@document_response(BatchRecord, 201)
@problems(409, 410, 422)
@inject
async def create_batch(
    transactions: FromDishka[Transactions], settings: FromDishka[Settings]
) -> Response:
    """Register a batch; a repeat with the same id and description finds the first."""
    body = await parse_body(CreateBatch)
    with invalid_batch():
        validate(body)
    async with transactions.begin(body.batch_id, correlation_id()) as tx:
        if await is_barred(tx.session, body.batch_id):
            raise Problem(HTTPStatus.GONE, "batch_deleted", "The batch with this id was deleted.")
        added = await add_batch(
            tx.session,
            body,
            message=f"Waiting for {_essays(body.essay_count)} to be uploaded.",
            correlation_id=correlation_id(),
            deadline_seconds=settings.upload_deadline_seconds + settings.grace_seconds,
        )
        if added:
            _say_registered(tx, body, settings)
        batch = await found(tx.session, body.batch_id)
    if batch.request != body:
        raise conflict(
            "batch_exists",
            "There is a batch with this id already, and it was described differently.",
        )
    return json_response(batch.record(), HTTPStatus.CREATED)


@contextmanager
def invalid_batch() -> Iterator[None]:
    try:
        yield
    except InvalidBatchError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_batch", str(error)) from error


def _essays(count: int) -> str:
    return "1 essay" if count == 1 else f"{count} essays"


def _say_registered(tx: Transaction, body: CreateBatch, settings: Settings) -> None:
    tx.emit(
        BatchEssaysRegisteredV1(
            batch_id=body.batch_id,
            owner_id=body.owner_id,
            name=body.name,
            language=body.language,
            essay_ids=essay_ids(body.batch_id, body.essay_count),
            pipeline=in_running_order(body.pipeline),
            upload_deadline_seconds=settings.upload_deadline_seconds,
        )
    )


@api.get("/v1/batches/<uuid:batch_id>")
@document_response(BatchRecord)
@problems(404)
@inject
async def get_batch(batch_id: UUID, transactions: FromDishka[Transactions]) -> Response:
    """The batch as it was registered, with its status."""
    async with transactions.sessions() as session:
        batch = await found(session, BatchId(batch_id))
    return json_response(batch.record())


@api.get("/v1/batches")
@document_querystring(OwnerQuery)
@document_response(BatchRecords)
@problems(422)
@inject
async def list_batches(transactions: FromDishka[Transactions]) -> Response:
    """The batches of one owner, newest first."""
    owner_id = request.args.get("owner_id")
    if not owner_id:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "owner_missing",
            "Say whose batches: the query parameter owner_id is missing.",
        )
    async with transactions.sessions() as session:
        batches = await batches_of(session, owner_id)
    return json_response(BatchRecords(batches=tuple(batch.record() for batch in batches)))


@api.post("/v1/batches/<uuid:batch_id>/pipelines")
@document_request(StartPipeline)
@document_response(PipelineStarted, 202)
@problems(404, 409, 422)
@inject
async def start_pipeline(
    batch_id: UUID,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> Response:
    """Run a pipeline on the original texts; what has been done before is taken over."""
    body = await parse_body(StartPipeline)
    if body.judge is not None:
        with invalid_batch():
            validate_judge(body.judge)
    async with transactions.sessions() as session:
        batch = await found(session, BatchId(batch_id))
        await _run_that_answers(session, batch, body)
    run = new_run(
        batch.request,
        body.run_id,
        batch.essays or (),
        batch.failed,
        pipeline=body.pipeline,
        judge=body.judge,
        extra_comparisons=batch.extra_comparisons,
        earlier_names=batch.earlier_names,
    )
    resolved = await conductor.resolve(run)
    async with transactions.begin(body.run_id, correlation_id()) as tx:
        batch = await found(tx.session, BatchId(batch_id), lock=True)
        answer = await _run_that_answers(tx.session, batch, body)
        if answer is None:
            answer = run.run_id
            await effects.begin(tx, run, resolved, settings)
        await add_run_request(tx.session, BatchId(batch_id), body, answer)
    return json_response(PipelineStarted(run_id=answer), HTTPStatus.ACCEPTED)


async def found(session: AsyncSession, batch_id: BatchId, *, lock: bool = False) -> Batch:
    batch = await (lock_batch if lock else find_batch)(session, batch_id)
    if batch is None:
        raise Problem(HTTPStatus.NOT_FOUND, "batch_not_found", "There is no batch with this id.")
    return batch


async def _run_that_answers(
    session: AsyncSession, batch: Batch, body: StartPipeline
) -> RunId | None:
    """The run that does what is asked already; None if a new one is to begin. Raises Problem."""
    known = await find_run_request(session, body.run_id)
    if known is not None and (known.batch_id, known.request) == (batch.request.batch_id, body):
        return known.run_id
    if known is not None or await run_exists(session, body.run_id):
        raise conflict("run_id_taken", "This run id was used for something else.")
    if batch.essays is None:
        raise conflict("batch_not_ready", "The batch still waits for essays to be uploaded.")
    if not batch.essays:
        raise conflict("no_essays", "The batch has no essay that could be read.")
    if batch.run is None:
        return None
    if repeats(batch.run, batch.request, body):
        return batch.run.run_id
    raise conflict("run_under_way", "Another pipeline is running on this batch; wait for its end.")


def conflict(code: str, detail: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, code, detail)
