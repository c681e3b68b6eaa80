"""What services stand on, and what can happen to it and to them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.chaos.brokers import Broker, broker
from scripts.chaos.schedule import TO_A_PROCESS, Fault, Planned
from scripts.chaos.servers import Postgres, Redis

PARTITIONS = 6


class Staff(Protocol):
    """Processes that things can be done to."""

    def choose(self, number: int) -> str | None: ...
    def kill(self, name: str) -> None: ...
    def terminate(self, name: str) -> None: ...
    async def freeze(self, name: str, seconds: float) -> None: ...
    async def visit(self, seconds: float) -> None: ...


@dataclass
class Ground:
    broker: Broker
    postgres: Postgres
    redis: Redis

    @property
    def environment(self) -> dict[str, str]:
        """By which services know where they stand."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.address,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "KAFKA_SESSION_TIMEOUT_MS": str(round(self.broker.session_seconds * 1000)),
            "SHUTDOWN_SECONDS": "5",
        }

    async def strike(
        self,
        plan: Sequence[Planned],
        staff: Staff,
        *,
        say: Callable[[str], None],
        deadly: Callable[[], None] = lambda: None,
    ) -> None:
        """All of this at its time, counted from now."""
        started = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for planned in plan:
                await asyncio.sleep(started + planned.at - time.monotonic())
                whom = staff.choose(planned.victim) if planned.fault in TO_A_PROCESS else ""
                say(
                    f"{clock(planned.at)}  {planned}"
                    + (f": {whom or 'nobody'}" if whom != "" else "")
                )
                if planned.fault is Fault.DEADLY:
                    deadly()
                elif whom is not None:
                    tasks.create_task(self._strike(planned, staff, whom))

    async def _strike(self, planned: Planned, staff: Staff, whom: str) -> None:
        match planned.fault:
            case Fault.KILL:
                staff.kill(whom)
            case Fault.TERMINATE:
                staff.terminate(whom)
            case Fault.FREEZE:
                await staff.freeze(whom, planned.seconds)
            case Fault.VISIT:
                await staff.visit(planned.seconds)
            case Fault.FLUSH:
                await self.redis.flush()
            case Fault.REDIS:
                await self.redis.restart(planned.seconds)
            case Fault.SLOW:
                self.redis.proxy.delay = planned.delay
                await asyncio.sleep(planned.seconds)
                self.redis.proxy.delay = 0.0
            case Fault.POSTGRES:
                await self.postgres.restart(planned.seconds)
            case Fault.BROKER:
                await self.broker.restart(planned.seconds)


@asynccontextmanager
async def ground(
    wanted: str | None, directory: Path, topics: Sequence[str]
) -> AsyncIterator[Ground]:
    async with (
        broker(wanted, directory / "kafka", topics, PARTITIONS) as running,
        Postgres(directory) as postgres,
        Redis(directory) as redis,
    ):
        yield Ground(running, postgres, redis)


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
