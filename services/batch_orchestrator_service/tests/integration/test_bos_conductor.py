"""The conductor is asked over HTTP; its place is taken by a server that answers as told."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

from common_core.http_models import ResolvedPipeline, ResolvePipeline
from common_core.identifiers import RunId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import RefusedRequest, ServiceClient, json_response
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.domain import Run, first_run_id, new_run, question
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    create_batch,
    essay,
    nothing_done,
)

RUN = RunId(first_run_id(BATCH))


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = Quart(__name__)

    @app.post("/v1/pipelines/resolve")
    async def resolve() -> Response:
        body = ResolvePipeline.model_validate_json(await request.get_data())
        if body.profile.judge.isdigit():
            return Response(status=int(body.profile.judge))
        return json_response(nothing_done(body))

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    yield f"http://127.0.0.1:{port}"
    stop.set()
    await serving


def run(judge: str = "offline") -> Run:
    return new_run(create_batch(judge=judge), RUN, [essay(0)], [])


async def test_the_conductor_is_asked_what_is_left_to_do(address: str) -> None:
    client = ServiceClient(address)
    assert await Conductor(client).resolve(run()) == nothing_done(question(run()))
    await client.close()


async def test_a_run_that_is_over_needs_no_conductor() -> None:
    nobody = ServiceClient("http://127.0.0.1:9")
    assert await Conductor(nobody).resolve(new_run(create_batch(), RUN, [], [])) is None
    await nobody.close()


async def test_an_error_is_told_apart_by_what_helps(address: str) -> None:
    client = ServiceClient(address)
    with pytest.raises(TemporaryError, match="503"):
        await Conductor(client).resolve(run(judge="503"))
    with pytest.raises(RefusedRequest):
        await Conductor(client).resolve(run(judge="422"))
    await client.close()


async def test_a_conductor_that_is_not_there_is_asked_again_later() -> None:
    nobody = ServiceClient("http://127.0.0.1:9")
    with pytest.raises(TemporaryError):
        await Conductor(nobody).resolve(run())
    await nobody.close()


def test_the_answer_may_say_more_than_is_known_here() -> None:
    text = nothing_done(question(run())).model_dump_json()
    ResolvedPipeline.model_validate_json(text[:-1] + ', "from_the_future": 1}')
