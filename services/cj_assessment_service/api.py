"""The gateway asks for people's pairs, brings their verdicts, and reads what was judged."""

from http import HTTPStatus
from uuid import UUID

from dishka import FromDishka
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response

from common_core.http_models import (
    LoggedVerdict,
    OpenPairs,
    Person,
    PersonVerdict,
    VerdictKept,
    VerdictLog,
)
from common_core.identifiers import BatchId, RunId
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
from services.cj_assessment_service import store
from services.cj_assessment_service.assessment import Assessment
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


@api.get("/v1/assessments/<uuid:run_id>/verdicts")
@document_response(VerdictLog)
@problems(404)
@inject
async def show_verdicts(run_id: UUID, transactions: FromDishka[Transactions]) -> Response:
    """All that the run's scores are made of, in the order in which it was asked for."""
    async with transactions.sessions.begin() as session:
        assessment = await store.load_assessment(session, RunId(run_id))
    if assessment is None:
        raise Problem(HTTPStatus.NOT_FOUND, "run_not_found", "This run has compared nothing.")
    return json_response(_log_of(assessment))


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


def _log_of(assessment: Assessment) -> VerdictLog:
    ids = [essay.essay_id for essay in assessment.essays]
    return VerdictLog(
        run_id=assessment.run_id,
        verdicts=tuple(
            LoggedVerdict(
                judge=comparison.voice,
                first=ids[comparison.pair[0]],
                second=ids[comparison.pair[1]],
                winner=comparison.outcome.winner,
                degree=comparison.outcome.degree,
                reason=comparison.details.reason,
            )
            for comparison in assessment.comparisons
            if comparison.outcome is not None
        ),
    )
