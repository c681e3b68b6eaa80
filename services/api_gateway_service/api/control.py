"""What an owner does to a batch: pause, resume, end early, cancel, enlarge its budget, delete."""

from http import HTTPStatus
from typing import cast
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response, g, request
from quart_schema import document_headers, document_request, document_response

from common_core.http_models import BatchControlled, BatchDeletion, Control
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.http import inject, json_response, parse_body
from huleedu_service_libs.openapi import problems
from services.api_gateway_service.api.idempotency import (
    PostHeaders,
    fingerprint_of_body,
    id_for,
    key_of,
    once,
)
from services.api_gateway_service.desk import Desk
from services.api_gateway_service.domain.bodies import Budget
from services.api_gateway_service.store import Replies

control = Blueprint("control", __name__)


@control.post("/v1/batches/<uuid:batch_id>/pause", defaults={"wanted": "pause"})
@control.post("/v1/batches/<uuid:batch_id>/resume", defaults={"wanted": "resume"})
@control.post("/v1/batches/<uuid:batch_id>/finish", defaults={"wanted": "finish"})
@control.post("/v1/batches/<uuid:batch_id>/cancel", defaults={"wanted": "cancel"})
@document_headers(PostHeaders)
@document_response(BatchControlled)
@problems(401, 404, 409)
@inject
async def control_batch(
    batch_id: UUID, wanted: str, desk: FromDishka[Desk], replies: FromDishka[Replies]
) -> Response:
    """Pause, resume, end comparing early, or cancel.

    Paused, nothing new is begun; resumed, it goes on where it was. Finished, comparing ends with
    what there is, and people's open pairs are dropped. Cancelled, the batch ends; what is done
    stays.
    """
    owner = g.owner

    async def answer() -> Response:
        return json_response(await desk.control(owner, BatchId(batch_id), cast("Control", wanted)))

    return await once(replies, owner, request, lambda: fingerprint_of_body(request), answer)


@control.delete("/v1/batches/<uuid:batch_id>")
@document_response(BatchDeletion, 202)
@problems(401, 404)
@inject
async def delete_batch(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """Delete a batch, whatever it is doing, with everything derived from it. There is no way back.

    It is gone at once; the answer says which services have still to forget it. A repeat changes
    nothing.
    """
    deletion = await desk.delete(g.owner, BatchId(batch_id))
    return json_response(deletion, HTTPStatus.ACCEPTED)


@control.get("/v1/batches/<uuid:batch_id>/deletion")
@document_response(BatchDeletion)
@problems(401, 404)
@inject
async def show_deletion(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """When a batch was deleted, and which services have still to forget it."""
    return json_response(await desk.deletion(BatchId(batch_id)))


@control.post("/v1/batches/<uuid:batch_id>/budget")
@document_headers(PostHeaders)
@document_request(Budget)
@document_response(BatchControlled)
@problems(401, 404, 409, 422)
@inject
async def add_budget(
    batch_id: UUID, desk: FromDishka[Desk], replies: FromDishka[Replies]
) -> Response:
    """More comparisons for each essay.

    A batch that is over goes on in a new run, which takes over every comparison there is.
    """
    owner = g.owner

    async def answer() -> Response:
        more = (await parse_body(Budget)).comparisons_per_essay
        request_id = RunId(id_for(owner, f"budget {batch_id}", key_of(request)))
        return json_response(await desk.add_comparisons(owner, BatchId(batch_id), request_id, more))

    return await once(replies, owner, request, lambda: fingerprint_of_body(request), answer)
