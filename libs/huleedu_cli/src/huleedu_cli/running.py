"""The whole stack on this machine, for as long as an async context lasts."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from common_core.topics import EVENTS, PARTITIONS
from huleedu_cli.launcher import Launcher
from huleedu_cli.stack import Stack, plan_stack
from huleedu_embedded.infrastructure import (
    VARIABLES,
    Infrastructure,
    infrastructure,
    missing,
)

Result = TypeVar("Result")

_TOPICS = {event.topic: PARTITIONS for event in EVENTS}
_NAMES = {"postgres": "PostgreSQL", "redis": "Redis", "kafka": "the Kafka-protocol broker"}


@dataclass(frozen=True)
class Running:
    stack: Stack
    infrastructure: Infrastructure
    launcher: Launcher
    logs: Path


@asynccontextmanager
async def running_stack(
    console: Console, *, data: Path | None = None, prefer_usual_port: bool = False
) -> AsyncIterator[Running]:
    """Start everything and wait until it is ready; nothing is left running, however it ends.

    Raises Problem or InfrastructureError if something does not start.
    """
    parts = missing(VARIABLES)
    stopping = console.status("Stopping ...")
    async with AsyncExitStack() as stack:
        stack.callback(stopping.stop)
        servers = infrastructure(data, _TOPICS)
        with _step(console, ", ".join(_NAMES[part] for part in parts) or "no servers"):
            addresses = await stack.enter_async_context(servers)
        plan = plan_stack(
            addresses.environment(),
            prefer_usual_port=prefer_usual_port,
            embedded_broker="kafka" in parts,
        )
        logs = addresses.directory / "logs"
        launcher = Launcher(plan.programs, logs=logs, host=servers.host)
        with _step(console, f"{len(plan.programs)} services") as status:
            await stack.enter_async_context(launcher)
            ready = launcher.ready(lambda names: status(f"Waiting for {', '.join(names)} ..."))
            await launcher.while_running(ready)
        stack.callback(stopping.start)
        yield Running(plan, addresses, launcher, logs)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine; SIGTERM and a closed terminal end it as Ctrl-C does."""

    async def interruptible() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _step(console: Console, what: str) -> Iterator[Callable[[str], None]]:
    """Show that something is being started; yields how to say more precisely what is."""
    began = time.monotonic()
    with console.status(f"Starting {what} ...") as status:
        yield status.update
    console.print(f"Started {what} in {time.monotonic() - began:.1f} s", highlight=False)
