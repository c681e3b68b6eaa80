"""Events through the library's ledger: load and faults, then peace, then the verdict."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import redis.asyncio
from rich.console import Console

from huleedu_service_libs.dead_letters import dead_letter_topic
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from libs.huleedu_service_libs.tests.ledger_service import make_router
from scripts.chaos.fleet import Fleet
from scripts.chaos.ground import PARTITIONS, Ground, clock, ground
from scripts.chaos.load import Load
from scripts.chaos.schedule import schedule
from scripts.chaos.servers import Redis
from scripts.chaos.verdict import Facts, of_crashes, violations
from scripts.chaos.watch import EMITTED, UNREACHABLE, Watcher
from scripts.chaos.worker import SERVICE

INPUTS = make_router().topics
TOPICS = (*INPUTS, *map(dead_letter_topic, INPUTS), EMITTED)
_READY_SECONDS = 120.0
_PEACE_SECONDS = 280.0
"""In which all must be done, from the last fault, and as long again as the load has lasted: a busy
machine takes its time to start workers."""
_STANDSTILL_SECONDS = 90.0
"""An abandoned lease would last longer."""
_LOOK_SECONDS = 0.3
_LEASES = IdempotencyConfig(SERVICE)
_RECORDS = _LEASES.key(UUID(int=0)).removesuffix(str(UUID(int=0))) + "*"


@dataclass
class Scene:
    ground: Ground
    fleet: Fleet
    load: Load
    watcher: Watcher


async def ledger(
    seed: int, seconds: float, rate: float, broker: str | None, directory: Path, out: Console
) -> list[str]:
    """What went wrong."""
    async with ground(broker, directory, TOPICS) as standing:
        fleet = Fleet(standing.environment, directory / "workers", standing.broker.members)
        together = rate * standing.broker.members
        load = Load(seed, standing.broker.address, rate=together, partitions=PARTITIONS)
        watcher = Watcher(standing.broker.address, standing.postgres, INPUTS, PARTITIONS)
        scene = Scene(standing, fleet, load, watcher)
        try:
            fleet.start()
            found = await _play(scene, seed, seconds, out)
            await fleet.leave()
            return found + await _verdict(scene, out)
        finally:
            fleet.kill_all()


async def _play(scene: Scene, seed: int, seconds: float, out: Console) -> list[str]:
    plan = schedule(seed, seconds, scene.ground.broker.faults)
    members = len(scene.fleet.workers)
    out.print(
        f"Ledger: {seconds:.0f} s of load on {scene.ground.broker.name},"
        f" {members} worker{'s' if members > 1 else ''}, {len(plan)} faults"
    )

    def say(fault: str) -> None:
        out.print(fault)
        scene.watcher.look_now()

    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(scene.fleet.supervise()),
            tasks.create_task(scene.watcher.run()),
        ]
        found = await _left_after(_READY_SECONDS, scene.fleet.not_ready)
        if not found:
            with out.status("") as status:
                background.append(tasks.create_task(_show(scene, status.update)))
                async with asyncio.TaskGroup() as running:
                    running.create_task(scene.load.run(seconds))
                    deadly = scene.load.send_a_deadly_one
                    strikes = scene.ground.strike(plan, scene.fleet, say=say, deadly=deadly)
                    running.create_task(strikes)
                found = await _peace(scene, _PEACE_SECONDS + seconds)
        for task in background:
            task.cancel()
    return found


async def _peace(scene: Scene, seconds: float) -> list[str]:
    """Wait until all is done, without helping, and has been seen; what is not done in time."""
    for question in (_undone, _unseen):
        looks = scene.watcher.looks + 2
        if left := await _left_after(seconds, partial(question, scene, looks)):
            return left
    return []


async def _left_after(seconds: float, question: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Ask until the answer is that nothing is left, or has been the same for too long."""
    began = changed = time.monotonic()
    before: list[str] = []
    while left := await question():
        now = time.monotonic()
        before, changed = left, changed if left == before else now
        if now - began > seconds or now - changed > _STANDSTILL_SECONDS:
            return [f"after {now - began:.0f} s: {', '.join(left)}"]
        await asyncio.sleep(_LOOK_SECONDS)
    return []


async def _unseen(scene: Scene, looks: int) -> list[str]:
    seen = scene.watcher.looks >= looks
    return [] if seen else ["the topics and the committed offsets could not be read"]


async def _undone(scene: Scene, looks: int) -> list[str]:
    """What is still to be done, after so many looks at the topics; the cheaper question first."""
    if unseen := await _unseen(scene, looks):
        return unseen
    if scene.watcher.lag:
        return [f"the lag is {scene.watcher.lag}", *await scene.fleet.not_ready()]
    try:
        stored = await scene.watcher.stored()
    except UNREACHABLE as error:
        return [f"the database cannot be asked: {error!r}"]
    left = [f"{stored.outbox} rows are in the outbox"] if stored.outbox else []
    if leases := await _leases(scene.ground.redis):
        left.append(f"{leases} leases are held")
    return left + await scene.fleet.not_ready()


async def _leases(server: Redis) -> int:
    async with redis.asyncio.Redis.from_url(server.direct_url) as client:
        keys = [key async for key in client.scan_iter(_RECORDS, count=1_000)]
        records = await client.mget(keys) if keys else []
    return sum(record is not None and b'"processing"' in record for record in records)


async def _left_behind(on: Ground) -> list[str]:
    """By workers that have left in peace."""
    async with redis.asyncio.Redis.from_url(on.redis.direct_url) as client:
        alive = [key async for key in client.scan_iter(f"{_LEASES.liveness_prefix}*")]
    left = {
        "connections to Redis are open": on.redis.proxy.connections,
        "connections to PostgreSQL are open": on.postgres.proxy.connections,
        "workers are said to live": len(alive),
    }
    return [f"{left[what]} {what} after all have left" for what in left if left[what]]


async def _verdict(scene: Scene, out: Console) -> list[str]:
    stored, load, watcher = await scene.watcher.stored(), scene.load, scene.watcher
    facts = Facts(load.sent, frozenset(load.astray), watcher.heard, stored)
    events = len(load.sent)
    out.print(
        f"{events} events, {load.records - events} copies and spoilt records:"
        f" {len(stored.lines)} in the ledger, {len(stored.letters)} dead letters"
        f" ({of_crashes(facts)} for the deaths of workers); {scene.fleet.restarts} workers started"
        f" again; offsets compared {watcher.looks} times"
    )
    left = await _left_behind(scene.ground)
    return [*watcher.violations, *scene.fleet.violations, *violations(facts), *left]


async def _show(scene: Scene, update: Callable[[str], None]) -> None:
    started = time.monotonic()
    while True:
        update(
            f"{clock(time.monotonic() - started)}  {len(scene.load.sent)} events sent,"
            f" lag {scene.watcher.lag}, {len(scene.fleet.workers)} workers"
        )
        await asyncio.sleep(_LOOK_SECONDS)
