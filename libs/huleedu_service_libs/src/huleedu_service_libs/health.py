"""Whether a process is alive, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from uuid import UUID

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from quart import Quart, Response

from common_core.http_models import ServiceCondition
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import json_response

Check = Callable[[], Awaitable[None]]
"""Returns if the thing can be used; raises with a reason otherwise."""

_CHECK_SECONDS = 2.0


class Readiness(BaseModel):
    status: str
    checks: dict[str, str]


class Health:
    def __init__(self) -> None:
        self.started = False
        self.stopping = False
        self.condition: Callable[[UUID], Awaitable[ServiceCondition]] | None = None
        """Of the service as far as a batch is concerned, once it has started."""
        self._checks: dict[str, Check] = {}
        self._vital: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    def add_vital(self, name: str, check: Check) -> None:
        """What has to be started anew, with the whole process, when it fails."""
        self._vital[name] = check

    async def ailments(self) -> dict[str, str]:
        """What only a new start helps against; none while the process is alive."""
        outcomes = {name: await _outcome(check) for name, check in self._vital.items()}
        return {name: outcome for name, outcome in outcomes.items() if outcome != "ok"}

    async def readiness(self) -> Readiness:
        """`ready` only if the service has started, is not stopping and every check passes."""
        started, names = self.started, list(self._checks)  # a start may end while they are asked
        outcomes = await asyncio.gather(*(_outcome(self._checks[name]) for name in names))
        checks = dict(zip(names, outcomes, strict=True))
        if self.stopping:
            status = "stopping"
        elif not started:
            status = "starting"
        else:
            status = "ready" if set(outcomes) <= {"ok"} else "not ready"
        return Readiness(status=status, checks=checks)


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 — whatever is wrong is the answer
        return f"{type(error).__name__}: {error}"
    return "ok"


def add_operations_routes(app: Quart, health: Health) -> None:
    """`/healthz`, `/readyz`, `/metrics` and `/conditions`, the same for every service."""

    @app.get("/healthz")
    async def healthz() -> Response:
        ailments = await health.ailments()
        if ailments:
            dead = Readiness(status="dead", checks=ailments)
            return json_response(dead, HTTPStatus.SERVICE_UNAVAILABLE)
        return Response('{"status":"alive"}', mimetype="application/json")

    @app.get("/readyz")
    async def readyz() -> Response:
        readiness = await health.readiness()
        ready = readiness.status == "ready"
        return json_response(readiness, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/conditions/<uuid:batch_id>")
    async def condition(batch_id: UUID) -> Response:
        if health.condition is None:
            raise TemporaryError("the service is starting")
        return json_response(await health.condition(batch_id))

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
