"""An OpenAPI document for each service that answers HTTP, from its routes."""

import asyncio
import json
from http import HTTPStatus

from dishka import make_async_container

from huleedu_service_libs.openapi import describe
from huleedu_service_libs.service import Service
from scripts.docs.places import ROOT, SERVICES, module


def documents() -> dict[str, str]:
    """As JSON, by service; a service whose routes are all operations has none."""
    found = {}
    for name in SERVICES:
        service: Service = module(ROOT / "services" / name / "app.py").service
        if service.blueprints:
            found[name] = json.dumps(asyncio.run(_described(service)), indent=2) + "\n"
    return found


async def _described(service: Service) -> dict[str, object]:
    container = make_async_container()
    app = service.app(container)
    if "QUART_SCHEMA" not in app.extensions:
        title = service.settings.service_name
        describe(app, title=title, description="For the other services, not for people.")
    answer = await app.test_client().get("/openapi.json")
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{service.settings.service_name} cannot be described")
    described: dict[str, object] = await answer.get_json()
    await container.close()
    return described
