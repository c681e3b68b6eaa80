from http import HTTPStatus
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response
from quart_schema import document_response
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.http_models import BatchDeletion
from common_core.identifiers import BatchId
from huleedu_service_libs.deletion import have_alone
from huleedu_service_libs.http import Problem, correlation_id, inject, json_response
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transactions
from services.batch_orchestrator_service.deletion import cause_of_deletion, delete_batch
from services.batch_orchestrator_service.store import find_batch, find_deletion

deletion_api = Blueprint("deletion", __name__)


@deletion_api.delete("/v1/batches/<uuid:batch_id>")
@document_response(BatchDeletion, 202)
@problems(404)
@inject
async def delete(batch_id: UUID, transactions: FromDishka[Transactions]) -> Response:
    """Delete a batch with everything derived from it, everywhere; a repeat changes nothing."""
    wanted = BatchId(batch_id)
    async with transactions.begin(cause_of_deletion(wanted), correlation_id()) as tx:
        await have_alone(tx.session, wanted)
        if await find_batch(tx.session, wanted) is not None:
            await delete_batch(tx, wanted)
        found = await _found(tx.session, wanted)
    return json_response(found, HTTPStatus.ACCEPTED)


@deletion_api.get("/v1/batches/<uuid:batch_id>/deletion")
@document_response(BatchDeletion)
@problems(404)
@inject
async def show_deletion(batch_id: UUID, transactions: FromDishka[Transactions]) -> Response:
    """When the batch was deleted, and which services have still to confirm it."""
    async with transactions.sessions() as session:
        found = await _found(session, BatchId(batch_id))
    return json_response(found)


async def _found(session: AsyncSession, batch_id: BatchId) -> BatchDeletion:
    deletion = await find_deletion(session, batch_id)
    if deletion is None:
        raise Problem(HTTPStatus.NOT_FOUND, "batch_not_found", "No batch with this id was deleted.")
    return deletion
