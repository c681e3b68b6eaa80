"""The whole stack, as `huleedu up` runs it, once for all tests here."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from rich.console import Console

from huleedu_cli.client import Gateway
from huleedu_cli.running import Running, running_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack() -> AsyncIterator[Running]:
    async with running_stack(Console(quiet=True)) as running:
        supervised = asyncio.create_task(running.launcher.while_running(asyncio.Event().wait()))
        yield running
        supervised.cancel()
        await asyncio.gather(supervised, return_exceptions=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(stack: Running) -> AsyncIterator[Gateway]:
    async with Gateway(stack.stack.gateway_url, stack.stack.api_key) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http(stack: Running) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {stack.stack.api_key}"}
    async with httpx.AsyncClient(base_url=stack.stack.gateway_url, headers=headers) as client:
        yield client
