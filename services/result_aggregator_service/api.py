import asyncio
from http import HTTPStatus
from time import monotonic
from uuid import UUID

from dishka import FromDishka
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from common_core.http_models import (
    Batches,
    BatchEvents,
    BatchProgress,
    BatchResults,
    OwnerQuery,
)
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.http import Problem, inject, invalid_request, json_response
from huleedu_service_libs.openapi import problems
from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.domain.heard import gather
from services.result_aggregator_service.domain.results import results
from services.result_aggregator_service.store import (
    batches_of,
    facts,
    progress_after,
    shown_progress,
)

Sessions = async_sessionmaker[AsyncSession]

MAX_WAIT_SECONDS = 30.0
MAX_EVENTS = 200

api = Blueprint("batches", __name__)


class WaitFor(BaseModel):
    """`after` left out: what the batch looks like now, at once."""

    model_config = ConfigDict(frozen=True)

    after: int | None = Field(default=None, ge=0)
    wait_seconds: float = Field(default=0, ge=0, le=MAX_WAIT_SECONDS, allow_inf_nan=False)


class WhichRun(BaseModel):
    run_id: UUID | None = Field(default=None, description="one run; left out: the latest")


@api.get("/v1/batches")
@document_querystring(OwnerQuery)
@document_response(Batches)
@problems(400)
@inject
async def list_batches(sessions: FromDishka[Sessions], settings: FromDishka[Settings]) -> Response:
    """An owner's batches, the newest first."""
    owner_id = request.args.get("owner_id")
    if not owner_id:
        raise Problem(HTTPStatus.BAD_REQUEST, "owner_missing", "Say whose batches: owner_id.")
    async with sessions() as session:
        found = await batches_of(session, owner_id, settings.max_batches)
    return json_response(Batches(batches=tuple(found)))


@api.get("/v1/batches/<uuid:batch_id>")
@document_response(BatchProgress)
@problems(404)
@inject
async def show_batch(batch_id: UUID, sessions: FromDishka[Sessions]) -> Response:
    """Where a batch is."""
    async with sessions() as session:
        shown = await shown_progress(session, BatchId(batch_id))
    if shown is None:
        raise _unknown()
    return json_response(shown.progress)


@api.get("/v1/batches/<uuid:batch_id>/events")
@document_querystring(WaitFor)
@document_response(BatchEvents)
@problems(422)
@inject
async def wait_for_events(
    batch_id: UUID, sessions: FromDishka[Sessions], settings: FromDishka[Settings]
) -> Response:
    """What has changed since `after`, as soon as something has; empty if nothing does in time."""
    try:
        wanted = WaitFor.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid_request(error) from error
    deadline = monotonic() + wanted.wait_seconds
    while True:
        async with sessions() as session:
            if wanted.after is None:
                now = await shown_progress(session, BatchId(batch_id))
                events = [now] if now else []
            else:
                events = list(
                    await progress_after(session, BatchId(batch_id), wanted.after, MAX_EVENTS)
                )
        left = deadline - monotonic()
        if events or left <= 0:
            return json_response(BatchEvents(events=tuple(events)))
        await asyncio.sleep(min(settings.poll_seconds, left))


@api.get("/v1/batches/<uuid:batch_id>/results")
@document_querystring(WhichRun)
@document_response(BatchResults)
@problems(404, 409)
@inject
async def show_results(batch_id: UUID, sessions: FromDishka[Sessions]) -> Response:
    """The results of `run_id`; without it those of the latest run that has any."""
    async with sessions() as session:
        batch = gather(await facts(session, BatchId(batch_id)))
    if batch is None:
        raise _unknown()
    wanted = request.args.get("run_id", type=UUID)
    runs = [run for run in batch.runs if wanted is None or run.run_id == RunId(wanted)]
    for run in reversed(runs):
        found = results(batch, run)
        if found is not None:
            return json_response(found)
    raise Problem(
        HTTPStatus.CONFLICT, "results_not_ready", "The results of this batch are not ready yet."
    )


def _unknown() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "batch_not_found", "There is no such batch.")
