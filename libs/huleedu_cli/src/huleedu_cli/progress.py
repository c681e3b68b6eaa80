"""What a person sees while a batch is worked on."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class BatchProgress:
    """A context: bars in a terminal; elsewhere a line whenever a phase begins or ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def uploaded(self, sent: int, total: int) -> None:
        status = "done" if sent == total else "running"
        self._phase("upload", "Uploading", status, sent, total, "")

    def status(self, status: dict[str, Any]) -> None:
        """Show a batch's status as the gateway gives it."""
        for phase in status["phases"]:
            self._phase(
                phase["name"],
                phase.get("title") or phase["name"].replace("_", " ").capitalize(),
                phase["status"],
                phase["done"],
                phase["total"],
                phase.get("detail") or "",
            )

    def _phase(
        self, name: str, title: str, status: str, done: int, total: int, detail: str
    ) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(title, start=False, detail="")
        task = self._tasks[name]
        if status != "waiting":
            self._bars.start_task(task)
        self._bars.update(task, total=total, completed=done, detail=detail)
        if status == "done":
            self._bars.stop_task(task)
        if not self._console.is_terminal and self._said.get(name, "waiting") != status:
            self._console.print(f"{title}: {status}, {done} of {total}", highlight=False)
        self._said[name] = status
