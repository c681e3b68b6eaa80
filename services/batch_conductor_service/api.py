from itertools import chain

from dishka import FromDishka
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from common_core.http_models import ResolvedPhase, ResolvedPipeline, ResolvePipeline
from huleedu_service_libs.http import inject, json_response, parse_body
from huleedu_service_libs.openapi import problems
from huleedu_service_libs.transaction import Transactions
from services.batch_conductor_service.domain import (
    everything_to_do,
    fingerprints,
    phases_to_run,
    profiles_that_hold,
    resolve,
)
from services.batch_conductor_service.store import find_results

api = Blueprint("pipelines", __name__)


@api.post("/v1/pipelines/resolve")
@document_request(ResolvePipeline)
@document_response(ResolvedPipeline)
@problems(422)
@inject
async def resolve_pipeline(transactions: FromDishka[Transactions]) -> Response:
    """What is left to do of a pipeline, phase by phase, for as long as the inputs are known."""
    request = await parse_body(ResolvePipeline)
    essays, profiles = request.essays, profiles_that_hold(request)
    known = True
    phases: list[ResolvedPhase] = []
    async with transactions.sessions() as session:
        for phase in phases_to_run(request):
            if known:
                wanted = fingerprints(phase, essays, profiles)
                results = await find_results(session, phase.name, chain(*wanted))
                resolved = resolve(phase, essays, profiles, results)
            else:
                resolved = everything_to_do(phase, essays)
            phases.append(resolved)
            known = not resolved.to_do
            if known:
                essays = resolved.reused
    return json_response(ResolvedPipeline(phases=tuple(phases)))
