"""The page on which a person compares two essays: blind, and by keyboard where there is one."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from dishka import FromDishka
from pydantic import ValidationError
from quart import Blueprint, g, redirect, request, url_for

from common_core.http_models import PersonVerdict
from common_core.identifiers import BatchId
from huleedu_service_libs.http import Problem, inject, invalid_request
from services.api_gateway_service.api.pages import page
from services.api_gateway_service.desk import Desk

compare = Blueprint("compare", __name__)

VERDICTS: dict[str, tuple[str, int | None]] = {
    "first-2": ("first", 2),
    "first-1": ("first", 1),
    "tie": ("tie", None),
    "second-1": ("second", 1),
    "second-2": ("second", 2),
}
"""What a button of the page says: winner and degree."""
_LONGEST_NAME = 100


@compare.get("/batches/<uuid:batch_id>/compare")
@inject
async def show_pair(batch_id: UUID, desk: FromDishka[Desk]) -> Any:
    """The next pair of the person named in the address; first of all the question who it is."""
    batch = await desk.status(g.owner, BatchId(batch_id))
    person = request.args.get("person", "").strip()[:_LONGEST_NAME]
    if not person:
        return page("who.html", batch=batch)
    found = await desk.pairs(g.owner, BatchId(batch_id), person)
    return page(
        "compare.html",
        batch=batch,
        person=person,
        found=found,
        pair=found.pairs[0] if found.pairs else None,
        late="late" in request.args,
    )


@compare.post("/batches/<uuid:batch_id>/compare")
@inject
async def take_verdict(batch_id: UUID, desk: FromDishka[Desk]) -> Any:
    form = (await request.form).to_dict()
    winner, degree = VERDICTS.get(form.get("verdict", ""), ("", None))
    try:
        verdict = PersonVerdict.model_validate(
            {
                "pair_id": form.get("pair_id"),
                "person": form.get("person"),
                "winner": winner,
                "degree": degree,
                "reason": form.get("reason") or None,
            }
        )
    except ValidationError as error:
        raise invalid_request(error) from error
    late = None
    try:
        await desk.compare(g.owner, BatchId(batch_id), verdict)
    except Problem as problem:
        if problem.status != HTTPStatus.CONFLICT:
            raise
        late = "yes"
    following = url_for(
        "pages.compare.show_pair", batch_id=batch_id, person=verdict.person, late=late
    )
    return redirect(following, HTTPStatus.SEE_OTHER)
