"""The pages: what the API answers, for people. They work without JavaScript too."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from dishka import FromDishka
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from quart import Blueprint, Response, g, redirect, request, url_for
from werkzeug.datastructures import FileStorage

from common_core.domain_enums import BatchStatus
from common_core.http_models import BatchResults, Control, LoggedVerdict
from common_core.identifiers import BatchId, EssayId, RunId
from huleedu_report import STYLE, details, marked_text, ranking, wording
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import Problem, inject, invalid_request
from services.api_gateway_service.access import COOKIE, owner_of, refuse_other_sites
from services.api_gateway_service.api.idempotency import id_for
from services.api_gateway_service.config import Settings
from services.api_gateway_service.desk import Desk
from services.api_gateway_service.domain.bodies import Budget, EssayReport, NewBatch
from services.api_gateway_service.domain.forms import new_batch
from services.api_gateway_service.domain.keys import SESSION_SECONDS, ApiKeys
from services.api_gateway_service.domain.views import printable, report

_HERE = Path(__file__).parent.parent
_READ_BYTES = 64 * 1024
_IN_A_HEADER = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How browsers write file names."""

STATUS_WORDS = {
    BatchStatus.AWAITING_ESSAYS: "waiting for essays",
    BatchStatus.RUNNING: "at work",
    BatchStatus.COMPLETED: "done",
    BatchStatus.COMPLETED_WITH_FAILURES: "done, with gaps",
    BatchStatus.FAILED: "failed",
    BatchStatus.CANCELLED: "cancelled",
}

pages = Blueprint("pages", __name__)

# Not from files: one would stay open where a reader goes away while it is being closed.
_ASSETS = {
    "report.css": STYLE.encode(),
    **{path.name: path.read_bytes() for path in (_HERE / "static").iterdir()},
}

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_templates.globals.update(url_for=url_for, status_words=STATUS_WORDS, wording=wording)


def page(template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    body = _templates.get_template(template).render(owner=g.get("owner"), **values)
    return Response(body, status=status, content_type="text/html; charset=utf-8")


_OPEN_TO_ALL = {"pages.login", "pages.log_in", "pages.asset"}


@pages.before_request
@inject
async def authenticate(keys: FromDishka[ApiKeys]) -> Any:
    if request.endpoint in _OPEN_TO_ALL:
        return None
    try:
        g.owner = owner_of(request, keys)
    except Problem as problem:
        if problem.status == HTTPStatus.UNAUTHORIZED:
            return redirect(url_for("pages.login"), HTTPStatus.SEE_OTHER)
        raise
    return None


@pages.errorhandler(Problem)
async def show_problem(problem: Problem) -> Response:
    title = "Deleted" if problem.status == HTTPStatus.GONE else problem.status.phrase
    return page("error.html", problem.status, title=title, detail=problem.detail)


@pages.errorhandler(TemporaryError)
async def show_unavailable(_error: TemporaryError) -> Response:
    return page(
        "error.html",
        HTTPStatus.SERVICE_UNAVAILABLE,
        title="One moment",
        detail="A part of the system does not answer at the moment. Try again in a few seconds.",
    )


@pages.get("/assets/<name>")
async def asset(name: str) -> Response:
    if name not in _ASSETS:
        raise Problem(HTTPStatus.NOT_FOUND, "asset_not_found", f"There is no {name} here.")
    response = Response(_ASSETS[name], mimetype=guess_type(name)[0])
    response.cache_control.no_cache = True
    await response.add_etag()
    await response.make_conditional(request)
    return response


@pages.get("/login")
@inject
async def login(keys: FromDishka[ApiKeys], settings: FromDishka[Settings]) -> Any:
    """The form to log in; with `?key=` the way in without it."""
    key = request.args.get("key")
    return page("login.html", wrong=False) if key is None else _log_in(key, keys, settings)


@pages.post("/login")
@inject
async def log_in(keys: FromDishka[ApiKeys], settings: FromDishka[Settings]) -> Any:
    refuse_other_sites(request)
    return _log_in((await request.form).get("key", ""), keys, settings)


def _log_in(key: str, keys: ApiKeys, settings: Settings) -> Any:
    if keys.owner_of(key.strip()) is None:
        return page("login.html", HTTPStatus.UNAUTHORIZED, wrong=True)
    response = redirect(url_for("pages.home"), HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        keys.session(key.strip(), time.time()),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=settings.secure_cookies or request.scheme == "https",
    )
    return response


@pages.post("/logout")
async def log_out() -> Any:
    response = redirect(url_for("pages.login"), HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    return response


@pages.get("/")
@inject
async def home(desk: FromDishka[Desk], settings: FromDishka[Settings]) -> Response:
    return await _home(desk, settings)


async def _home(
    desk: Desk,
    settings: Settings,
    problem: Problem | None = None,
    filled_in: Mapping[str, str] | None = None,
) -> Response:
    return page(
        "home.html",
        problem.status if problem else HTTPStatus.OK,
        batches=(await desk.statuses(g.owner)).batches,
        problem=problem,
        filled_in=filled_in or {},
        form_id=str(uuid4()),
        max_file_bytes=settings.max_file_bytes,
    )


@pages.post("/batches")
@inject
async def hand_in(desk: FromDishka[Desk], settings: FromDishka[Settings]) -> Any:
    """The form without JavaScript: the batch and its essays in one request."""
    form, sent = await request.form, await request.files
    files = [file for file in sent.getlist("files") if file.filename]
    try:
        new = _read(form.to_dict(), len(files))
        batch_id = BatchId(id_for(g.owner, "form", form.get("form_id") or None))
        await desk.create(g.owner, batch_id, new)
        boundary = uuid4().hex
        await desk.upload(
            g.owner,
            batch_id,
            _multipart(files, boundary),
            f"multipart/form-data; boundary={boundary}",
        )
    except Problem as problem:
        return await _home(desk, settings, problem, form)
    return redirect(url_for("pages.show_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


def _read(form: dict[str, str], files: int) -> NewBatch:
    if files == 0:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "no_files", "Choose the essays of the class first."
        )
    try:
        return new_batch(form, files)
    except ValidationError as error:
        raise invalid_request(error) from error
    except ValueError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_form", str(error)) from error


async def _multipart(files: Sequence[FileStorage], boundary: str) -> AsyncIterator[bytes]:
    for file in files:
        name = (file.filename or "").translate(_IN_A_HEADER)
        yield (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="files"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        while piece := file.stream.read(_READ_BYTES):
            yield piece
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


@pages.get("/batches/<uuid:batch_id>")
@inject
async def show_batch(batch_id: UUID, desk: FromDishka[Desk]) -> Response:
    """How far it is; when it is over, the ranking."""
    status = await desk.status(g.owner, BatchId(batch_id))
    if not status.over:
        waiting = await desk.waiting(g.owner, BatchId(batch_id))
        return page("progress.html", batch=status, waiting=waiting, form_id=str(uuid4()))
    results = await desk.results(g.owner, BatchId(batch_id))
    without_texts = printable(report(results, defaultdict(str)))

    def link(essay: Mapping[str, Any]) -> str:
        return url_for("pages.show_essay", batch_id=batch_id, essay_id=essay["essay_id"])

    return page(
        "ranking.html",
        batch=status,
        form_id=str(uuid4()),
        ranking=ranking(without_texts, link=link),
    )


@pages.post("/batches/<uuid:batch_id>/<any(pause, resume, finish, cancel):wanted>")
@inject
async def control_batch(batch_id: UUID, wanted: str, desk: FromDishka[Desk]) -> Any:
    """A button of the batch's page."""
    with suppress_conflict():
        await desk.control(g.owner, BatchId(batch_id), cast("Control", wanted))
    return redirect(url_for("pages.show_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@pages.post("/batches/<uuid:batch_id>/delete")
@inject
async def delete_batch(batch_id: UUID, desk: FromDishka[Desk]) -> Any:
    """What is left to say of it stands where it was."""
    if not (await request.form).get("sure"):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "not_confirmed",
            "Nothing was deleted: tick that you are sure first.",
        )
    await desk.delete(g.owner, BatchId(batch_id))
    return redirect(url_for("pages.show_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@pages.post("/batches/<uuid:batch_id>/additions")
@inject
async def add_essays(batch_id: UUID, desk: FromDishka[Desk]) -> Any:
    """The form for essays that come late."""
    form, sent = await request.form, await request.files
    files = [file for file in sent.getlist("files") if file.filename]
    if not files:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "no_files", "Choose the essays to add first."
        )
    request_id = RunId(id_for(g.owner, f"addition {batch_id}", form.get("form_id") or None))
    boundary = uuid4().hex
    joined = await desk.add_essays(
        g.owner,
        BatchId(batch_id),
        request_id,
        _multipart(files, boundary),
        f"multipart/form-data; boundary={boundary}",
    )
    refused = [f"“{file.file}”: {file.reason}" for file in joined.files if file.reason]
    if refused:
        return page(
            "error.html",
            HTTPStatus.OK,
            title="Some files were not added",
            detail=" ".join([*refused, joined.message]),
        )
    return redirect(url_for("pages.show_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@pages.post("/batches/<uuid:batch_id>/budget")
@inject
async def add_budget(batch_id: UUID, desk: FromDishka[Desk]) -> Any:
    form = await request.form
    try:
        more = Budget(comparisons_per_essay=int(form.get("comparisons_per_essay", "")))
    except ValueError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_form",
            "Say how many comparisons more each essay gets: 1 to 100.",
        ) from error
    request_id = RunId(id_for(g.owner, f"budget {batch_id}", form.get("form_id") or None))
    await desk.add_comparisons(g.owner, BatchId(batch_id), request_id, more.comparisons_per_essay)
    return redirect(url_for("pages.show_batch", batch_id=batch_id), HTTPStatus.SEE_OTHER)


@contextmanager
def suppress_conflict() -> Iterator[None]:
    """What cannot be done any more the batch's page shows better than an error would."""
    try:
        yield
    except Problem as problem:
        if problem.status != HTTPStatus.CONFLICT:
            raise


@pages.get("/batches/<uuid:batch_id>/essays/<uuid:essay_id>")
@inject
async def show_essay(batch_id: UUID, essay_id: UUID, desk: FromDishka[Desk]) -> Response:
    """One essay with its corrections in place."""
    results = await desk.results(g.owner, BatchId(batch_id))
    essay = await desk.essay(g.owner, BatchId(batch_id), EssayId(essay_id))
    whole = printable(report(results, defaultdict(str), await _verdicts(desk, results)))

    def link(other: Mapping[str, Any]) -> str:
        return url_for("pages.show_essay", batch_id=batch_id, essay_id=other["essay_id"])

    order = [other.essay_id for other in results.essays]
    place = order.index(essay.essay_id)
    return page(
        "essay.html",
        batch=results,
        essay=essay,
        drawn=_drawn(essay),
        details=details(whole, _drawn(essay)["json"], link=link) if essay.rank else "",
        judge_note=wording.judge_note(results.judge),
        before=results.essays[place - 1] if place > 0 else None,
        after=results.essays[place + 1] if place + 1 < len(order) else None,
    )


async def _verdicts(desk: Desk, results: BatchResults) -> tuple[LoggedVerdict, ...]:
    """None while the service that has them does not answer: the essay is worth showing alone."""
    try:
        return await desk.verdicts(results)
    except TemporaryError:
        return ()


def _drawn(essay: EssayReport) -> dict[str, Any]:
    as_json: Any = essay.model_dump(mode="json")
    return {"json": as_json, "text": marked_text(as_json)}
