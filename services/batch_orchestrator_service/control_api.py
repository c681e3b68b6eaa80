"""What an owner does to a batch while it is at work, and how it gets more comparisons."""

from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from common_core.domain_enums import BatchStatus, RunControl
from common_core.http_models import BatchControlled, ControlRun, MoreComparisons, ResolvedPipeline
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import correlation_id, inject, json_response, parse_body
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transaction, Transactions
from services.batch_orchestrator_service import effects
from services.batch_orchestrator_service.api import conflict, found
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import (
    CANCELLED_MESSAGE,
    RefusedError,
    Run,
    cause_of_control,
    compares,
    controlled,
    first_run_id,
    new_run,
    with_budget,
)
from services.batch_orchestrator_service.store import (
    Batch,
    add_comparisons,
    budget_request_exists,
    latest_run,
    save_run,
)

control_api = Blueprint("control", __name__)


@control_api.post("/v1/batches/<uuid:batch_id>/control")
@document_request(ControlRun)
@document_response(BatchControlled)
@problems(404, 409, 422)
@inject
async def control_run(
    batch_id: UUID,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> Response:
    """Pause, resume, finish or cancel; what holds already is no error."""
    asked = (await parse_body(ControlRun)).control
    async with transactions.sessions() as session:
        run = (await found(session, BatchId(batch_id))).run
    due = run is not None and run.phase is None
    resolved = await conductor.resolve(run) if run is not None and due else None
    cause = cause_of_control(BatchId(batch_id), run)
    async with transactions.begin(cause, correlation_id()) as tx:
        batch = await found(tx.session, BatchId(batch_id), lock=True)
        if cause_of_control(batch.request.batch_id, batch.run) != cause:
            raise TemporaryError("a run has begun or ended a moment ago: ask again")
        try:
            wanted = controlled(asked, batch.status, batch.control, batch.run)
        except RefusedError as error:
            raise conflict(error.code, str(error)) from error
        if wanted is not None:
            await _control(tx, batch, wanted, resolved, settings)
        batch = await found(tx.session, BatchId(batch_id))
    return json_response(_answer(batch))


async def _control(
    tx: Transaction,
    batch: Batch,
    wanted: RunControl,
    resolved: ResolvedPipeline | None,
    settings: Settings,
) -> None:
    batch_id = batch.request.batch_id
    if batch.run is None:
        run = new_run(batch.request, first_run_id(batch_id), (), ())
        await effects.end(tx, run, BatchStatus.CANCELLED, CANCELLED_MESSAGE)
        return
    if batch.run.phase is None and resolved is None and wanted is RunControl.GO_ON:
        raise TemporaryError("the phase has ended a moment ago: ask again")
    await effects.control(tx, batch.run, wanted, resolved, settings)


@control_api.post("/v1/batches/<uuid:batch_id>/budget")
@document_request(MoreComparisons)
@document_response(BatchControlled)
@problems(404, 409, 422)
@inject
async def add_budget(
    batch_id: UUID,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> Response:
    """More comparisons: for the run under way, or for a run that goes on where the last ended."""
    body = await parse_body(MoreComparisons)
    async with transactions.sessions() as session:
        batch = await found(session, BatchId(batch_id))
        last = await latest_run(session, BatchId(batch_id))
        known = await budget_request_exists(session, body.request_id)
    further = None if known else _further_run(batch, last, body)
    resolved = await conductor.resolve(further) if further else None
    async with transactions.begin(body.request_id, correlation_id()) as tx:
        batch = await found(tx.session, BatchId(batch_id), lock=True)
        if await add_comparisons(
            tx.session, BatchId(batch_id), body.request_id, body.comparisons_per_essay
        ):
            await _spend(tx, batch, body, further, resolved, settings)
        batch = await found(tx.session, BatchId(batch_id))
    return json_response(_answer(batch))


def _further_run(batch: Batch, last: Run | None, body: MoreComparisons) -> Run | None:
    """The run that spends the budget if none is under way; None if one is, or is still to come."""
    if batch.control is RunControl.FINISH:
        raise conflict("batch_finishing", "The batch is being finished already.")
    if not compares(last.pipeline if last else batch.request.pipeline):
        raise conflict("not_comparing", "This batch compares no essays.")
    if not batch.status.ended:
        return None
    if not batch.essays or last is None:
        raise conflict("no_essays", "The batch has no essay that could be compared.")
    return new_run(
        batch.request,
        RunId(body.request_id),
        batch.essays,
        batch.failed,
        pipeline=last.pipeline,
        judge=last.profile.judge,
        extra_comparisons=batch.extra_comparisons + body.comparisons_per_essay,
        earlier_names=batch.earlier_names,
    )


async def _spend(
    tx: Transaction,
    batch: Batch,
    body: MoreComparisons,
    further: Run | None,
    resolved: ResolvedPipeline | None,
    settings: Settings,
) -> None:
    extra = batch.extra_comparisons + body.comparisons_per_essay
    if batch.run is not None:
        run = with_budget(batch.run, extra)
        await save_run(tx.session, run, under_way=True)
        await effects.say_control(tx, run, batch.control, settings)
    elif further is not None and further.profile.extra_comparisons == extra:
        await effects.begin(tx, further, resolved, settings)
    elif batch.status.ended:
        raise TemporaryError("the batch has ended a moment ago: ask again")


def _answer(batch: Batch) -> BatchControlled:
    return BatchControlled(
        run_id=batch.run.run_id if batch.run else None,
        status=batch.status,
        paused=batch.run is not None and batch.control is RunControl.PAUSE,
        message=batch.message,
    )
