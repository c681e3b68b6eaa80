"""Comparing by people: two texts at a time, and verdicts on them."""

from uuid import UUID

from dishka import FromDishka
from pydantic import BaseModel, Field, ValidationError
from quart import Blueprint, Response, g, request
from quart_schema import (
    document_headers,
    document_querystring,
    document_request,
    document_response,
)

from common_core.http_models import Person, PersonVerdict, VerdictKept
from common_core.identifiers import BatchId
from huleedu_service_libs.http import inject, invalid_request, json_response, parse_body
from huleedu_service_libs.openapi import problems
from services.api_gateway_service.api.idempotency import PostHeaders, fingerprint_of_body, once
from services.api_gateway_service.desk import Desk
from services.api_gateway_service.domain.bodies import NewVerdict, Pairs
from services.api_gateway_service.store import Replies

MOST_PAIRS = 10

pairs = Blueprint("pairs", __name__)


class WhoCompares(BaseModel):
    person: Person | None = Field(default=None, description="left out: the owner of the key")
    limit: int = Field(default=1, ge=1, le=MOST_PAIRS)


@pairs.get("/v1/batches/<uuid:batch_id>/pairs")
@document_querystring(WhoCompares)
@document_response(Pairs)
@problems(401, 404, 422)
@inject
async def show_pairs(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """The next pairs for this person. Nobody else gets them for a while."""
    try:
        asked = WhoCompares.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid_request(error) from error
    person = asked.person or g.owner
    return json_response(await desk.pairs(g.owner, BatchId(batch_id), person, asked.limit))


@pairs.post("/v1/batches/<uuid:batch_id>/pairs")
@document_headers(PostHeaders)
@document_request(NewVerdict)
@document_response(VerdictKept)
@problems(401, 404, 409, 422)
@inject
async def compare(batch_id: UUID, desk: FromDishka[Desk], replies: FromDishka[Replies]) -> Response:
    """Say which text is better. The same verdict again counts once."""
    owner = g.owner

    async def answer() -> Response:
        new = await parse_body(NewVerdict)
        return json_response(await desk.compare(owner, BatchId(batch_id), verdict_of(new, owner)))

    return await once(replies, owner, request, lambda: fingerprint_of_body(request), answer)


def verdict_of(new: NewVerdict, owner: str) -> PersonVerdict:
    """Raises Problem for what is no verdict, such as a tie with a degree."""
    try:
        return PersonVerdict(
            pair_id=new.pair_id,
            person=new.person or owner,
            winner=new.winner,
            degree=new.degree,
            reason=new.reason,
        )
    except ValidationError as error:
        raise invalid_request(error) from error
