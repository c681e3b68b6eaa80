"""Class sets through the eight services: results must be those of an undisturbed run."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio
from rich.console import Console

from common_core.topics import EVENTS
from huleedu_cli.client import Gateway
from huleedu_cli.launcher import Launcher, Patience
from huleedu_cli.problem import Problem
from huleedu_cli.stack import Stack, plan_stack
from huleedu_embedded.infrastructure import Host
from huleedu_embedded.specification import Specification
from huleedu_service_libs.dead_letters import dead_letter_topic
from scripts.chaos.ground import Ground, ground
from scripts.chaos.schedule import TO_A_GROUP, schedule
from services.tests.e2e.class_set import ENGLISH, SWEDISH, hand_in, without_ids

TOPICS = tuple(name for event in EVENTS for name in (event.topic, dead_letter_topic(event.topic)))
_CLASSES = {"en": ENGLISH, "sv": SWEDISH}
_PEACE_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_PATIENCE = Patience(restarts=10_000, longest_pause_seconds=0.5)

Results = dict[str, Any]


@dataclass
class Teachers:
    """Each hands in its class set again and again."""

    expected: dict[str, Results] = field(default_factory=dict)
    sets: int = 0
    handed_in_again: int = 0
    """Where the gateway was away for longer than its client tries."""
    violations: list[str] = field(default_factory=list)


class Services:
    """The eight as those that things can be done to; the launcher starts again what has ended."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def choose(self, number: int) -> str | None:
        names = sorted(self._launcher.pids())
        return names[number % len(names)]

    def kill(self, name: str) -> None:
        self._send(name, signal.SIGKILL)

    def terminate(self, name: str) -> None:
        self._send(name, signal.SIGTERM)

    async def freeze(self, name: str, seconds: float) -> None:
        self._send(name, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._send(name, signal.SIGCONT)

    async def visit(self, seconds: float) -> None:
        raise NotImplementedError("each service is one process")

    def _send(self, name: str, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._launcher.pids()[name], what)


async def batches(
    seed: int, seconds: float, broker: str | None, directory: Path, out: Console
) -> list[str]:
    """What went wrong."""
    async with ground(broker, directory, TOPICS) as standing:
        stack = plan_stack(standing.environment, prefer_usual_port=False, embedded_broker=False)
        async with _running(stack, directory) as launcher:
            playing = _play(seed, seconds, standing, stack, launcher, out)
            found = await launcher.while_running(playing)
        left = {
            "connections to Redis are open": standing.redis.proxy.connections,
            "connections to PostgreSQL are open": standing.postgres.proxy.connections,
        }
        return found + [f"{n} {what} after all services have left" for what, n in left.items() if n]


@asynccontextmanager
async def _running(stack: Stack, directory: Path) -> AsyncIterator[Launcher]:
    keeper = Host(Specification())  # of no servers: it ends the services should we be killed
    try:
        await asyncio.to_thread(keeper.addresses)
        logs = directory / "services"
        async with Launcher(stack.programs, logs=logs, host=keeper, patience=_PATIENCE) as launcher:
            yield launcher
    finally:
        await asyncio.to_thread(keeper.stop)


async def _play(
    seed: int, seconds: float, on: Ground, stack: Stack, launcher: Launcher, out: Console
) -> list[str]:
    faults = [fault for fault in on.broker.faults if fault not in TO_A_GROUP]
    plan = schedule(seed, seconds, faults)
    teachers = Teachers()
    async with Gateway(stack.gateway_url, stack.api_key) as gateway:
        with out.status("Starting eight services; class sets without faults"):
            await launcher.ready()
            for language in _CLASSES:
                teachers.expected[language] = await _assess(gateway, language, teachers)
        out.print(
            f"Class sets: {seconds:.0f} s of load on {on.broker.name}, eight services,"
            f" {len(plan)} faults"
        )
        try:
            async with asyncio.timeout(seconds + _PEACE_SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(on.strike(plan, Services(launcher), say=out.print))
                for language in _CLASSES:
                    tasks.create_task(_hand_in_always(gateway, language, seconds, teachers))
        except TimeoutError:
            found = [f"a class set had no results after {_PEACE_SECONDS:.0f} s of peace"]
        else:
            found = await _peace(stack, on)
    out.print(
        f"{teachers.sets} class sets with results, {teachers.handed_in_again} handed in again"
        " because the gateway was away"
    )
    return teachers.violations + found


async def _hand_in_always(
    gateway: Gateway, language: str, seconds: float, teachers: Teachers
) -> None:
    until = time.monotonic() + seconds
    expected = teachers.expected[language]
    while time.monotonic() < until:
        results = await _assess(gateway, language, teachers)
        teachers.sets += 1
        if different := _difference(without_ids(expected), without_ids(results)):
            teachers.violations.append(
                f"the results of batch {results['batch_id']} differ in {different}"
            )


async def _assess(gateway: Gateway, language: str, teachers: Teachers) -> Results:
    """As a teacher with patience does it."""
    while True:
        try:
            batch_id = await hand_in(gateway, _CLASSES[language], language=language)
            break
        except Problem:
            teachers.handed_in_again += 1
    while True:
        try:
            async for _status in gateway.events(batch_id):
                pass
            return await gateway.results(batch_id)
        except Problem:
            await asyncio.sleep(_LOOK_SECONDS)


def _difference(expected: Results, results: Results) -> str:
    """The names of what differs; empty if nothing does."""
    names = {name for name in expected if expected[name] != results.get(name)}
    if "essays" in names:
        names.remove("essays")
        by_file = {essay["file"]: essay for essay in results["essays"]}
        for essay in expected["essays"]:
            other = by_file.get(essay["file"], {})
            wrong = sorted(name for name in essay if essay[name] != other.get(name))
            names |= {f"{essay['file']}: {', '.join(wrong)}"} if wrong else set()
    return "; ".join(sorted(names))


async def _peace(stack: Stack, on: Ground) -> list[str]:
    """Wait until nothing is to be done; what still is, or has been given up."""
    names = [program.name for program in stack.programs]
    until = time.monotonic() + _PEACE_SECONDS
    while left := await _undone(names, on):
        if time.monotonic() > until:
            return left
        await asyncio.sleep(_LOOK_SECONDS)
    return await _rows(names, on, "dead_letters", "dead letters")


async def _undone(names: Sequence[str], on: Ground) -> list[str]:
    async with redis.asyncio.Redis.from_url(on.redis.direct_url) as client:
        keys = [key async for key in client.scan_iter("huleedu:event:*", count=1_000)]
        records = await client.mget(keys) if keys else []
    leases = sum(record is not None and b'"processing"' in record for record in records)
    return [
        *await _rows(names, on, "outbox", "rows in the outbox"),
        *([f"{leases} leases are held"] if leases else []),
    ]


async def _rows(names: Sequence[str], on: Ground, table: str, what: str) -> list[str]:
    found = []
    for name in names:
        url = on.postgres.direct_url.rpartition("/")[0] + f"/{name}"
        try:
            connection = await asyncpg.connect(url)
        except asyncpg.InvalidCatalogNameError:
            continue  # a service without a database
        try:
            if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
                rows = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
                found += [f"{name} has {rows} {what}"] if rows else []
        finally:
            await connection.close()
    return found
