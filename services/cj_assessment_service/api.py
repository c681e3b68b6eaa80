"""The gateway asks for people's pairs and brings their verdicts."""

from http import HTTPStatus
from uuid import UUID

from dishka import FromDishka
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response

from common_core.http_models import OpenPairs, Person, PersonVerdict, VerdictKept
from common_core.identifiers import BatchId
from huleedu_service_libs.http import (
    Problem,
    correlation_id,
    inject,
    invalid_request,
    json_response,
    parse_body,
)
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transactions
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.people import TooLate, UnknownPair, keep_verdict, open_pairs

MOST_PAIRS = 10

api = Blueprint("people", __name__)


class WhoAsks(BaseModel):
    model_config = ConfigDict(frozen=True)

    person: Person
    limit: int = Field(default=1, ge=1, le=MOST_PAIRS)


@api.get("/v1/batches/<uuid:batch_id>/pairs")
@document_querystring(WhoAsks)
@document_response(OpenPairs)
@problems(422)
@inject
async def show_pairs(
    batch_id: UUID, transactions: FromDishka[Transactions], settings: FromDishka[Settings]
) -> Response:
    """The next pairs of a person, reserved for them for a while."""
    try:
        asked = WhoAsks.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid_request(error) from error
    async with transactions.sessions.begin() as session:
        found = await open_pairs(
            session,
            BatchId(batch_id),
            asked.person.strip(),
            most=asked.limit,
            reservation_seconds=settings.cj_reservation_seconds,
        )
    return json_response(found)


@api.post("/v1/batches/<uuid:batch_id>/pairs")
@document_request(PersonVerdict)
@document_response(VerdictKept)
@problems(404, 409, 422)
@inject
async def take_verdict(batch_id: UUID, transactions: FromDishka[Transactions]) -> Response:
    """A person's verdict on a pair; the same again is no error and counts once."""
    verdict = await parse_body(PersonVerdict)
    try:
        async with transactions.begin(verdict.pair_id, correlation_id()) as tx:
            kept = await keep_verdict(tx, BatchId(batch_id), verdict, verdict.person.strip())
    except UnknownPair as error:
        raise Problem(
            HTTPStatus.NOT_FOUND, "pair_not_found", "This batch has no such pair to compare."
        ) from error
    except TooLate as error:
        raise Problem(HTTPStatus.CONFLICT, error.code, str(error)) from error
    return json_response(kept)
