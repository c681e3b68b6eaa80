"""Both sides of HTTP, the client talking to the server in one process."""

from http import HTTPStatus
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from dishka import FromDishka, Provider, Scope, make_async_container
from pydantic import BaseModel
from quart import Response, request
from quart_schema import document_request, document_response

from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import (
    CORRELATION_HEADER,
    Problem,
    RefusedRequest,
    ServiceClient,
    attach_container,
    correlation_id,
    create_app,
    inject,
    json_response,
    parse_body,
)


class Greeting(BaseModel):
    name: str
    times: int


class Seen(BaseModel):
    correlation_id: UUID
    traceparent: str | None


def server() -> httpx.ASGITransport:
    app = create_app("greeter")
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: 3, provides=int)
    attach_container(app, make_async_container(provider))

    @app.post("/greet")
    @inject
    async def greet(times: FromDishka[int]) -> Response:
        body = await parse_body(Greeting)
        return json_response(Greeting(name=body.name, times=times))

    @app.get("/seen")
    async def seen() -> Response:
        return json_response(Seen(correlation_id=correlation_id(), traceparent=None))

    @app.get("/refuse")
    async def refuse() -> Response:
        raise Problem(HTTPStatus.CONFLICT, "taken", "That name is taken.", name="x")

    @app.get("/crash")
    async def crash() -> Response:
        raise ZeroDivisionError("secret detail")

    @app.post("/documented")
    @document_request(Greeting)
    @document_response(Greeting, 201)
    async def documented() -> Response:
        body = await parse_body(Seen if request.args.get("takes") else Greeting)
        status = HTTPStatus.OK if request.args.get("status") else HTTPStatus.CREATED
        return json_response(body if not request.args.get("answers") else _seen(), status)

    @app.get("/away")
    async def away() -> Response:
        raise TemporaryError("the other side is away")

    return httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Quart's scope types are narrower


def _seen() -> Seen:
    return Seen(correlation_id=correlation_id(), traceparent=None)


@pytest.fixture
def http() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=server(), base_url="http://greeter")


@pytest.fixture
def client() -> ServiceClient:
    return ServiceClient("http://greeter", transport=server())


async def test_a_route_gets_its_body_and_what_it_asks_for(client: ServiceClient) -> None:
    answer = await client.post("/greet", Greeting(name="x", times=1), Greeting)
    assert answer == Greeting(name="x", times=3)


async def test_a_bad_body_is_a_problem_that_names_the_field(http: httpx.AsyncClient) -> None:
    answer = await http.post("/greet", content=b'{"name": "x", "times": "many"}')
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert problem["errors"][0]["field"] == "times"


async def test_a_problem_has_status_code_detail_and_correlation_id(http: httpx.AsyncClient) -> None:
    sent = str(uuid4())
    answer = await http.get("/refuse", headers={CORRELATION_HEADER: sent})
    assert answer.status_code == HTTPStatus.CONFLICT
    problem = answer.json()
    assert (problem["code"], problem["detail"]) == ("taken", "That name is taken.")
    assert problem["name"] == "x"
    assert problem["correlation_id"] == answer.headers[CORRELATION_HEADER] == sent


@pytest.mark.parametrize(
    ("query", "status"), [("", 201), ("takes=1", 500), ("answers=1", 500), ("status=1", 500)]
)
async def test_a_route_does_what_its_documentation_says_or_fails(
    http: httpx.AsyncClient, query: str, status: int
) -> None:
    answer = await http.post(f"/documented?{query}", content=b'{"name": "x", "times": 1}')
    assert answer.status_code == status


@pytest.mark.parametrize("sent", ["", "not a uuid"])
async def test_a_request_without_a_usable_correlation_id_gets_one(
    http: httpx.AsyncClient, sent: str
) -> None:
    answer = await http.get("/seen", headers={CORRELATION_HEADER: sent})
    assert answer.headers[CORRELATION_HEADER] == answer.json()["correlation_id"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/crash", 500), ("/away", 503), ("/nowhere", 404)],
)
async def test_every_failure_is_a_problem_that_tells_nothing_of_the_inside(
    http: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


async def test_the_correlation_id_under_way_goes_with_a_call(client: ServiceClient) -> None:
    under_way = uuid4()
    with structlog.contextvars.bound_contextvars(correlation_id=str(under_way)):
        seen = await client.get("/seen", Seen)
    assert seen.correlation_id == under_way


async def test_a_refusal_carries_the_other_sides_code(client: ServiceClient) -> None:
    with pytest.raises(RefusedRequest) as refusal:
        await client.request("GET", "/refuse")
    assert (refusal.value.status, refusal.value.code) == (409, "taken")


@pytest.mark.parametrize("path", ["/crash", "/away"])
async def test_a_server_error_is_temporary(client: ServiceClient, path: str) -> None:
    with pytest.raises(TemporaryError):
        await client.request("GET", path)


async def test_a_service_that_cannot_be_reached_is_temporary() -> None:
    client = ServiceClient("http://127.0.0.1:9", timeout_seconds=1)
    with pytest.raises(TemporaryError):
        await client.request("GET", "/")
    await client.close()
