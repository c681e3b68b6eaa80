"""`huleedu up`: the stack for as long as somebody wants it."""

import asyncio
from pathlib import Path

from rich.console import Console

from huleedu_cli import state
from huleedu_cli.running import Running, run, running_stack


def up(console: Console, data: Path | None) -> None:
    """Run until interrupted. Raises Problem when something cannot be kept running."""
    run(_up(console, data))


async def _up(console: Console, data: Path | None) -> None:
    async with running_stack(console, data=data, prefer_usual_port=True) as running:
        with state.written(_state(running)):
            console.print(
                f"\nHuleEdu: {running.stack.gateway_url}/login?key={running.stack.api_key}"
            )
            console.print(f"API key: {running.stack.api_key}", highlight=False)
            console.print(f"Logs:    {running.logs}", highlight=False)
            console.print("Ctrl-C ends it.")
            await running.launcher.while_running(asyncio.sleep(float("inf")))


def _state(running: Running) -> state.State:
    return state.State(
        gateway_url=running.stack.gateway_url,
        logs=str(running.logs),
        infrastructure=running.infrastructure.environment(),
        services={program.name: program.ready_url for program in running.stack.programs},
        api_key=running.stack.api_key,
    )
