"""Alive and ready are two questions."""

import httpx
from quart import Quart

from huleedu_service_libs.health import Health, add_operations_routes


async def fails() -> None:
    raise RuntimeError("it has stopped")


async def passes() -> None:
    return


async def statuses(health: Health) -> tuple[int, int]:
    app = Quart("service")
    add_operations_routes(app, health)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Quart's scope types are narrower
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        return alive.status_code, ready.status_code


async def test_a_dependency_that_is_away_makes_it_unready_but_not_dead() -> None:
    health = Health()
    health.started = True
    health.add("redis", fails)
    health.add_vital("consumer", passes)
    assert await statuses(health) == (200, 503)


async def test_what_only_a_new_start_helps_against_makes_it_dead() -> None:
    health = Health()
    health.started = True
    health.add("redis", passes)
    health.add_vital("consumer", fails)
    assert await statuses(health) == (503, 200)
    assert await health.ailments() == {"consumer": "RuntimeError: it has stopped"}


async def test_a_start_that_ends_while_its_checks_are_asked_is_not_ready_yet() -> None:
    health = Health()

    async def the_start_ends() -> None:
        health.add("consumer", fails)
        health.started = True

    health.add("database", the_start_ends)
    assert await statuses(health) == (200, 503)
    assert (await health.readiness()).checks["consumer"] == "RuntimeError: it has stopped"
