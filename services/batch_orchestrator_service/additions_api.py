"""Essays that arrive when their batch is complete: they join it, and nothing is done again."""

from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from common_core.events.batch_events import BatchEssaysAddedV1
from common_core.http_models import AddEssays, EssaysAdded
from common_core.identifiers import BatchId
from common_core.models import EssayText
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import correlation_id, inject, json_response, parse_body
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transactions
from services.batch_orchestrator_service import effects
from services.batch_orchestrator_service.additions import further_run
from services.batch_orchestrator_service.api import conflict, found
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import (
    RefusedError,
    joined_message,
    joining,
)
from services.batch_orchestrator_service.store import (
    Addition,
    Batch,
    add_essays,
    find_addition,
    latest_run,
)

additions_api = Blueprint("additions", __name__)


@additions_api.post("/v1/batches/<uuid:batch_id>/additions")
@document_request(AddEssays)
@document_response(EssaysAdded)
@problems(404, 409, 422)
@inject
async def add_late_essays(
    batch_id: UUID,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> Response:
    """Let essays join: a run begins with them, or does when the one under way is over."""
    body = await parse_body(AddEssays)
    async with transactions.sessions() as session:
        batch = await found(session, BatchId(batch_id))
        last = await latest_run(session, BatchId(batch_id))
        done = await find_addition(session, body.request_id)
    new = () if done else _joining(batch, body)
    further = further_run(batch, last, body.request_id, new) if new else None
    resolved = await conductor.resolve(further) if further else None
    async with transactions.begin(body.request_id, correlation_id()) as tx:
        batch = await found(tx.session, BatchId(batch_id), lock=True)
        done = await find_addition(tx.session, body.request_id)
        if done is None:
            last = await latest_run(tx.session, BatchId(batch_id))
            again = further_run(batch, last, body.request_id, new) if new else None
            if (_joining(batch, body), again) != (new, further):
                raise TemporaryError("the batch has changed a moment ago: ask again")
            done = Addition(new, further.run_id if further else None)
            await add_essays(tx.session, batch, body.request_id, done)
            if new:
                added = BatchEssaysAddedV1(
                    batch_id=BatchId(batch_id), request_id=body.request_id, essays=new
                )
                tx.emit(added)
            if further is not None:
                await effects.begin(tx, further, resolved, settings)
    message = joined_message(done.essays, done.run_id)
    return json_response(EssaysAdded(added=done.essays, run_id=done.run_id, message=message))


def _joining(batch: Batch, body: AddEssays) -> tuple[EssayText, ...]:
    try:
        return joining(
            batch.request.batch_id, body.essays, batch.essays, batch.failed, batch.status
        )
    except RefusedError as error:
        raise conflict(error.code, str(error)) from error
