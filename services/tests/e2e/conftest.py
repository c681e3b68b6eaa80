"""The whole stack, as `huleedu up` runs it, once for all tests here.

With `HULEEDU_GATEWAY=http://...` and its key in `HULEEDU_API_KEY`, that one is tested instead, by
the tests that need no more of a stack than its gateway.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from rich.console import Console

from huleedu_cli.client import Gateway
from huleedu_cli.running import Running, running_stack
from services.tests.e2e.class_set import FrontDoor

GIVEN = os.environ.get("HULEEDU_GATEWAY")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks behind the gateway if the stack is not ours."""
    here = Path(__file__).parent
    inside = [
        item
        for item in items
        if item.path.is_relative_to(here) and "stack" in getattr(item, "fixturenames", ())
    ]
    if GIVEN and inside:
        config.hook.pytest_deselected(items=inside)
        items[:] = [item for item in items if item not in inside]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack() -> AsyncIterator[Running]:
    async with running_stack(Console(quiet=True)) as running:
        supervised = asyncio.create_task(running.launcher.while_running(asyncio.Event().wait()))
        yield running
        supervised.cancel()
        await asyncio.gather(supervised, return_exceptions=True)


@pytest.fixture(scope="session")
def front_door(request: pytest.FixtureRequest) -> FrontDoor:
    if GIVEN:
        return FrontDoor(GIVEN, os.environ["HULEEDU_API_KEY"])
    running: Running = request.getfixturevalue("stack")
    return FrontDoor(running.stack.gateway_url, running.stack.api_key)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(front_door: FrontDoor) -> AsyncIterator[Gateway]:
    async with Gateway(front_door.url, front_door.key) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http(front_door: FrontDoor) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {front_door.key}"}
    async with httpx.AsyncClient(base_url=front_door.url, headers=headers) as client:
        yield client
