"""HTTP on both sides: problem+json answers, correlation ids, and calls to other services."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

import httpx
import structlog
from dishka import AsyncContainer
from dishka.integrations.base import wrap_injection
from opentelemetry import propagate, trace
from pydantic import BaseModel, ValidationError
from quart import Quart, Response, current_app, g, has_request_context, request
from quart_schema.validation import (
    QUART_SCHEMA_REQUEST_ATTRIBUTE,
    QUART_SCHEMA_RESPONSE_ATTRIBUTE,
)
from werkzeug.exceptions import HTTPException

from huleedu_service_libs.errors import PermanentError, TemporaryError

CORRELATION_HEADER = "X-Correlation-ID"
_CONTAINER = "dishka_container"

ModelT = TypeVar("ModelT", bound=BaseModel)
P = ParamSpec("P")
ResultT = TypeVar("ResultT")

log = structlog.get_logger()


class Problem(Exception):  # noqa: N818 — RFC 9457 calls it a problem
    """An answer of `application/problem+json`; `code` is stable, `detail` is for people."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


def correlation_id() -> UUID:
    """The id of the request under way; the one its sender chose, if it is a UUID."""
    return g.correlation_id  # type: ignore[no-any-return]


def json_response(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """TypeError if the route's documentation says otherwise."""
    documented = _documented(QUART_SCHEMA_RESPONSE_ATTRIBUTE)
    if documented and documented.get(status, (None,))[0] is not type(body):
        raise TypeError(f"{request.endpoint} does not say that it answers {status} {body!r:.80}")
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


async def parse_body(model: type[ModelT]) -> ModelT:
    """The request's JSON body; a 422 problem that names what is wrong with it otherwise.

    TypeError if the route's documentation says otherwise.
    """
    documented = _documented(QUART_SCHEMA_REQUEST_ATTRIBUTE)
    if documented and documented[0] is not model:
        raise TypeError(f"{request.endpoint} does not say that it takes {model.__name__}")
    try:
        return model.model_validate_json(await request.get_data())
    except ValidationError as error:
        raise invalid_request(error) from error


def _documented(attribute: str) -> Any:
    """What the route under way says of itself; None outside a request."""
    if not has_request_context() or request.endpoint is None:
        return None
    return getattr(current_app.view_functions[request.endpoint], attribute, None)


def invalid_request(error: ValidationError) -> Problem:
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]}
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    summary = "; ".join(f"{item['field'] or 'body'}: {item['message']}" for item in errors)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", summary, errors=errors)


def inject(view: Callable[P, Awaitable[ResultT]]) -> Callable[..., Awaitable[ResultT]]:
    """Fill a route's parameters annotated `FromDishka[...]` from the service's container."""
    return wrap_injection(
        func=view, is_async=True, container_getter=lambda _args, _kwargs: _container()
    )


def _container() -> AsyncContainer:
    return current_app.extensions[_CONTAINER]  # type: ignore[no-any-return]


def create_app(name: str) -> Quart:
    """A Quart application: a correlation id for every request, a problem for every error."""
    app = Quart(name)
    tracer = trace.get_tracer(name)

    @app.before_request
    async def bind() -> None:
        sent = request.headers.get(CORRELATION_HEADER, "")
        try:
            g.correlation_id = UUID(sent)
        except ValueError:
            g.correlation_id = uuid4()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=str(g.correlation_id))
        g.span = tracer.start_span(
            f"{request.method} {request.url_rule or request.path}",
            context=propagate.extract(request.headers),
            kind=trace.SpanKind.SERVER,
        )
        g.span_scope = trace.use_span(g.span, end_on_exit=True)
        g.span_scope.__enter__()

    @app.after_request
    async def answer(response: Response) -> Response:
        response.headers[CORRELATION_HEADER] = str(g.correlation_id)
        return response

    @app.teardown_request
    async def end_span(_error: BaseException | None) -> None:
        scope = g.pop("span_scope", None)
        if scope is not None:
            scope.__exit__(None, None, None)

    @app.errorhandler(Problem)
    async def problem(error: Problem) -> Response:
        return _problem_response(error)

    @app.errorhandler(HTTPException)
    async def http_exception(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        return _problem_response(
            Problem(status, status.name.lower(), error.description or status.phrase)
        )

    @app.errorhandler(TemporaryError)
    async def unavailable(error: TemporaryError) -> Response:
        log.warning("request could not be served now", error=str(error))
        detail = "A part of the system does not answer at the moment. Try again in a few seconds."
        return _problem_response(
            Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers={"Retry-After": "2"}
            )
        )

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        log.error("request failed", path=request.path, exc_info=error)
        detail = (
            "Something went wrong on our side; nothing was lost. "
            "Give the correlation id when you report it."
        )
        return _problem_response(
            Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)
        )

    return app


def attach_container(app: Quart, container: AsyncContainer) -> None:
    """Let the application's routes resolve `FromDishka[...]` from `container`."""
    app.extensions[_CONTAINER] = container


def _problem_response(problem: Problem) -> Response:
    body = ProblemBody(
        title=problem.status.phrase,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        correlation_id=g.get("correlation_id"),
        **problem.extra,
    )
    response = Response(
        body.model_dump_json(), status=problem.status, mimetype="application/problem+json"
    )
    response.headers.update(problem.headers)
    return response


class ProblemBody(BaseModel, extra="allow"):
    """RFC 9457; `code` is stable, `detail` is a sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    correlation_id: UUID | None


class RefusedRequest(PermanentError):  # noqa: N818 — an answer of the other side
    """Another service answered 4xx: asking again will not help."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class ServiceClient:
    """Calls to one other service, with the correlation id and trace context of what caused them.

    Raises TemporaryError if it cannot be reached in time or answers 5xx or 429, RefusedRequest if
    it answers any other 4xx.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=timeout_seconds, transport=transport
        )

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = httpx.Headers(kwargs.pop("headers", None))
        bound = structlog.contextvars.get_contextvars().get("correlation_id")
        if bound is not None:
            headers[CORRELATION_HEADER] = str(bound)
        propagate.inject(headers)
        try:
            response = await self._client.request(method, path, headers=headers, **kwargs)
        except httpx.HTTPError as error:
            raise TemporaryError(f"{self._client.base_url}{path}: {error!r}") from error
        if response.status_code >= 500 or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # noqa: PLR2004 — the class of status codes
            raise TemporaryError(f"{self._client.base_url}{path}: {response.status_code}")
        if response.is_error:
            raise _refused(response)
        return response

    async def get(self, path: str, model: type[ModelT], **kwargs: Any) -> ModelT:
        response = await self.request("GET", path, **kwargs)
        return model.model_validate_json(response.content)

    async def post(self, path: str, body: BaseModel, model: type[ModelT]) -> ModelT:
        response = await self.request(
            "POST",
            path,
            content=body.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )
        return model.model_validate_json(response.content)

    async def close(self) -> None:
        await self._client.aclose()


def _refused(response: httpx.Response) -> RefusedRequest:
    try:
        problem = ProblemBody.model_validate_json(response.content)
    except ValidationError:
        return RefusedRequest(response.status_code, "refused", response.text[:200])
    return RefusedRequest(response.status_code, problem.code, problem.detail)
