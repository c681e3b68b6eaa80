"""A whole service as a process, on real servers: it starts, works, says how it is, and leaves."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx

from huleedu_embedded.infrastructure import Infrastructure

HERE = Path(__file__).parent
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(fact: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await fact():  # noqa: ASYNC110 — the fact is in another process
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    infrastructure: Infrastructure, **environment: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sample_service",
        cwd=HERE,
        env={
            **os.environ,
            "PORT": str(port),
            "KAFKA_BOOTSTRAP_SERVERS": infrastructure.kafka_bootstrap_servers,
            "REDIS_URL": infrastructure.redis_url,
            "DATABASE_URL": infrastructure.database_url,
            "KAFKA_SESSION_TIMEOUT_MS": "3000",
            **environment,
        },
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answers(client: httpx.AsyncClient, path: str, status: int) -> bool:
    try:
        return (await client.get(path)).status_code == status
    except httpx.TransportError:
        return False


async def test_a_service_starts_works_and_leaves_on_sigterm(infrastructure: Infrastructure) -> None:
    batch = uuid4()
    async with running(infrastructure) as (process, client):
        ready = {
            "status": "ready",
            "checks": dict.fromkeys(("redis", "database", "broker", "consumer"), "ok"),
        }

        async def is_ready() -> bool:
            answer = await client.get("/readyz")
            return answer.status_code == 200 and answer.json() == ready

        await until(lambda: answers(client, "/healthz", 200))
        await until(is_ready)
        for wave in (1, 2, 3):
            assert (await client.post(f"/waves/{batch}/{wave}")).status_code == 202

        async def all_noted() -> bool:
            noted: list[int] = (await client.get(f"/waves/{batch}")).json()["waves"]
            return noted == [1, 2, 3]

        await until(all_noted)
        assert "huleedu_" in (await client.get("/metrics")).text
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_a_service_without_its_database_is_alive_but_not_ready(
    infrastructure: Infrastructure,
) -> None:
    nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    async with running(infrastructure, DATABASE_URL=nowhere) as (process, client):
        await until(lambda: answers(client, "/healthz", 200))
        assert (await client.get("/readyz")).status_code == 503
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_a_service_forgets_old_events_while_it_runs(infrastructure: Infrastructure) -> None:
    async with running(infrastructure, INBOX_PRUNE_SECONDS="0.05") as (_, client):
        await until(lambda: answers(client, "/readyz", 200))
        database = await asyncpg.connect(
            infrastructure.database_url.rpartition("/")[0] + "/sample_service"
        )
        try:
            await database.executemany(
                "INSERT INTO inbox VALUES ('sample_service', $1, '', 'done', now() - $2::interval)",
                [(UUID(int=1), timedelta(days=15)), (UUID(int=2), timedelta(days=13))],
            )

            async def forgotten() -> bool:
                rows = await database.fetch(
                    "SELECT event_id FROM inbox WHERE event_id = ANY($1) ORDER BY event_id",
                    [UUID(int=1), UUID(int=2)],
                )
                return [row["event_id"] for row in rows] == [UUID(int=2)]

            await until(forgotten)
        finally:
            await database.execute("DELETE FROM inbox WHERE event_id = $1", UUID(int=2))
            await database.close()


async def test_a_service_that_would_forget_events_too_soon_does_not_start(
    infrastructure: Infrastructure,
) -> None:
    async with running(infrastructure, INBOX_RETENTION_SECONDS="604799") as (process, _):
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 1


async def test_what_a_killed_service_had_promised_is_done_by_the_next(
    infrastructure: Infrastructure,
) -> None:
    batch = uuid4()
    async with running(infrastructure) as (process, client):
        await until(lambda: answers(client, "/readyz", 200))
        accepted = await client.post(f"/waves/{batch}/1")
        process.kill()
        assert accepted.status_code == 202
    async with running(infrastructure) as (_, client):

        async def noted() -> bool:
            answer = await client.get(f"/waves/{batch}")
            return answer.status_code == 200 and answer.json()["waves"] == [1]

        await until(lambda: answers(client, "/readyz", 200))
        await until(noted)
