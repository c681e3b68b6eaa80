"""A poison event, a stopped consumer and a stopped relay, each seen by whoever looks."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from huleedu_cli.client import Gateway
from huleedu_cli.running import Running
from huleedu_service_libs.outbox.relay import LEADER_LOCK
from services.tests.e2e.class_set import ENGLISH, hand_in
from services.tests.e2e.poison import send_poison

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHIN_SECONDS = 60.0
_HOLDERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    " AND pid <> $2 AND ((classid::bigint << 32) | objid::bigint) = $1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def seen(fact: Callable[[], Awaitable[Any]]) -> Any:
    """What the fact gives, as soon as it gives something."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not (found := await fact()):  # noqa: ASYNC110 — the fact is in another process
            await asyncio.sleep(0.2)
    return found


async def trouble(gateway: Gateway, batch_id: str, says: str) -> str:
    async def told() -> str | None:
        waiting = await gateway.waiting(batch_id)
        return waiting["sentence"] if says in waiting["sentence"] else None

    return str(await seen(told))


async def metric(stack: Running, service: str, name: str) -> float:
    [program] = [each for each in stack.stack.programs if each.name == service]
    async with httpx.AsyncClient() as client:
        page = (await client.get(program.ready_url.replace("/readyz", "/metrics"))).text
    [value] = re.findall(rf"^{name} (\S+)$", page, re.MULTILINE)
    return float(value)


async def end(gateway: Gateway, batch_id: str) -> None:
    async for _status in gateway.events(batch_id):
        pass


@asynccontextmanager
async def without_relay(stack: Running, service: str) -> AsyncIterator[None]:
    """Hold the lock that a relay leads by, so that none does."""
    address = urlsplit(stack.infrastructure.database_url)
    held = await asyncpg.connect(address._replace(path=f"/{service}").geturl())
    try:
        locking = asyncio.create_task(held.execute(f"SELECT pg_advisory_lock({LEADER_LOCK})"))
        breaking = await asyncpg.connect(address._replace(path=f"/{service}").geturl())
        while not locking.done():  # the relay may be quicker once
            await breaking.execute(_HOLDERS, LEADER_LOCK, held.get_server_pid())
            await asyncio.wait([locking], timeout=0.2)
        await breaking.close()
        yield
    finally:
        await held.close()


async def test_a_poison_event_is_told_with_its_batch(gateway: Gateway, stack: Running) -> None:
    batch_id = await hand_in(gateway, ENGLISH[:2], essay_count=3)
    await send_poison(stack, batch_id, "no fields at all")

    says = await trouble(gateway, batch_id, "could not handle SpellcheckResultV1")

    assert "result_aggregator_service" in says

    async def counted() -> bool:
        return await metric(stack, "result_aggregator_service", "huleedu_dead_letters") >= 1

    await seen(counted)


async def test_a_stopped_consumer_is_told(gateway: Gateway, stack: Running) -> None:
    stopped = stack.launcher.pids()["spellchecker_service"]
    os.kill(stopped, signal.SIGSTOP)
    try:
        batch_id = await hand_in(gateway, ENGLISH[:2])
        await trouble(gateway, batch_id, "spellchecker_service does not answer")
    finally:
        os.kill(stopped, signal.SIGCONT)
    await end(gateway, batch_id)


async def test_a_stopped_relay_is_told(gateway: Gateway, stack: Running) -> None:
    service = "essay_lifecycle_service"
    async with without_relay(stack, service):
        batch_id = await hand_in(gateway, ENGLISH[:2])
        assert service in await trouble(gateway, batch_id, "not sent")

        async def old() -> bool:
            return await metric(stack, service, "huleedu_outbox_oldest_seconds") > 10

        await seen(old)
    await end(gateway, batch_id)
