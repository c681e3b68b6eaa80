"""Measure what one machine carries: class sets of generated essays through the eight services.

Each class set is handed in at once with the others, as on the day before the holidays. Essays are
put together from the sentences of `examples/essays`, so that each is a text of its own with the
errors that pupils make. Printed are the whole's pace, how long a class set is in each stage, what
each program takes (processor time for an essay, memory at most, of what is shared its share), and
how much the databases grow. Reads /proc, so it needs Linux.
"""

import argparse
import asyncio
import os
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import asyncpg
from rich.console import Console

from huleedu_cli.client import Gateway
from huleedu_cli.running import run, running_stack
from scripts.kafka.broker import ApacheKafka
from services.tests.e2e.class_set import ENGLISH, hand_in

TICKS = os.sysconf("SC_CLK_TCK")
SERVERS = {
    "huleedu_embedded.host": "embedded broker",  # it names the servers that it has started
    "postgres": "PostgreSQL",
    "valkey-server": "Redis",
    "kafka.Kafka": "Apache Kafka",
}


@dataclass
class Usage:
    """Of one program and its worker processes."""

    seconds: float = 0.0
    bytes: int = 0


@dataclass
class Stages:
    """When a class set began and ended each stage, by the clock of `time.monotonic`."""

    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, status: str) -> None:
        now = time.monotonic()
        if status != "waiting":
            self.began.setdefault(name, now)
        if status == "done":
            self.ended.setdefault(name, now)


def write_essays(folder: Path, count: int, words: int, seed: int) -> list[Path]:
    sentences = [
        sentence
        for path in ENGLISH
        if path.suffix == ".txt"
        for sentence in re.split(r"(?<=[.!?])\s+", path.read_text("utf-8"))
    ]
    draw = random.Random(seed)
    paths = [folder / f"{seed}_{number:03}.txt" for number in range(count)]
    for path in paths:
        said: list[str] = []
        while sum(len(sentence.split()) for sentence in said) < words:
            said.append(draw.choice(sentences))
        path.write_text(" ".join(said), "utf-8")
    return paths


async def class_set(gateway: Gateway, essays: list[Path]) -> Stages:
    stages = Stages()
    stages.note("upload", "running")
    batch_id = await hand_in(gateway, essays)
    stages.note("upload", "done")
    async for status in gateway.events(batch_id):
        for phase in status["phases"]:
            stages.note(phase["name"], phase["status"])
    results = await gateway.results(batch_id)
    if not all(essay["status"] == "assessed" for essay in results["essays"]):
        raise RuntimeError(f"batch {batch_id}: not every essay got a result")
    return stages


def usage(services: Mapping[int, str]) -> dict[str, Usage]:
    """What each program below this process has taken until now."""
    found: dict[str, Usage] = defaultdict(Usage)
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            parents[int(entry.parent.name)] = int(fields[1])
            # Its own time, and that of children that have ended.
            seconds[int(entry.parent.name)] = sum(map(int, fields[11:15])) / TICKS
    for pid in parents:
        name = _program(list(_ancestors(pid, parents)), services)
        if name is not None:
            found[name].seconds += seconds[pid]
            found[name].bytes += _memory(pid)
    return dict(found)


def _ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    while pid in parents:
        yield pid
        pid = parents[pid]


def _program(line: list[int], services: Mapping[int, str]) -> str | None:
    if os.getpid() not in line[1:]:
        return None
    for pid in line[: line.index(os.getpid())]:
        if pid in services:
            return services[pid]
        command = ""
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        for part, name in SERVERS.items():
            if part in command:
                return name
    return None


def _memory(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


async def watch(services: Mapping[int, str], most: dict[str, int]) -> None:
    while True:
        for name, used in (await asyncio.to_thread(usage, services)).items():
            most[name] = max(most.get(name, 0), used.bytes)
        await asyncio.sleep(2)


async def stored(server_url: str) -> int:
    """How large all databases are, in bytes."""
    connection = await asyncpg.connect(server_url)
    try:
        sizes = await connection.fetch("SELECT pg_database_size(datname) AS size FROM pg_database")
    finally:
        await connection.close()
    return sum(row["size"] for row in sizes)


async def measure(given: argparse.Namespace, folder: Path) -> None:
    async with (
        # In a folder of its own, so that PostgreSQL writes to the disk what it commits.
        running_stack(Console(stderr=True), data=folder / "stack") as running,
        Gateway(running.stack.gateway_url, running.stack.api_key) as gateway,
    ):
        services = {pid: name for name, pid in running.launcher.pids().items()}
        await class_set(gateway, write_essays(folder, 4, given.words, seed=0))  # all is loaded
        sets = [
            write_essays(folder, given.essays, given.words, seed)
            for seed in range(1, given.batches + 1)
        ]
        most: dict[str, int] = {}
        watching = asyncio.create_task(watch(services, most))
        server = running.infrastructure.database_url
        stored_before = await stored(server)
        before, began = usage(services), time.monotonic()
        stages = await asyncio.gather(*(class_set(gateway, essays) for essays in sets))
        took, after = time.monotonic() - began, usage(services)
        watching.cancel()
        grown = (await stored(server) - stored_before) / given.batches / given.essays
    _print(given, stages, took, before, after, most)
    print(f"\nthe databases have grown by {grown / 1e3:.0f} kB an essay")


def _print(
    given: argparse.Namespace,
    stages: list[Stages],
    took: float,
    before: Mapping[str, Usage],
    after: Mapping[str, Usage],
    most: Mapping[str, int],
) -> None:
    essays = given.batches * given.essays
    print(
        f"{given.batches} class sets of {given.essays} essays of {given.words} words at once,"
        f" {os.cpu_count()} cores: {took:.0f} s, {essays / took * 60:.0f} essays/min"
    )
    print(f"\n{'stage':<28}{'a class set, s':>16}{'all sets, s':>14}{'essays/min':>14}")
    for name in stages[0].began:
        spans = [(each.began[name], each.ended[name]) for each in stages]
        whole = max(end for _, end in spans) - min(start for start, _ in spans)
        one = median(end - start for start, end in spans)
        print(f"{name:<28}{one:>16.1f}{whole:>14.1f}{essays / whole * 60:>14.0f}")
    print(f"\n{'program':<28}{'CPU s an essay':>16}{'cores':>14}{'memory, MB':>14}")
    spent = {name: after[name].seconds - before[name].seconds for name in before}
    for name in sorted(spent, key=spent.__getitem__, reverse=True):
        print(
            f"{name:<28}{spent[name] / essays:>16.3f}{spent[name] / took:>14.2f}"
            f"{most.get(name, 0) / 1e6:>14.0f}"
        )
    print(
        f"{'all':<28}{sum(spent.values()) / essays:>16.3f}{sum(spent.values()) / took:>14.2f}"
        f"{sum(most.values()) / 1e6:>14.0f}"
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench capacity", description=__doc__)
    parser.add_argument("--batches", type=int, default=4, help="class sets at once")
    parser.add_argument("--essays", type=int, default=30, help="in each of them")
    parser.add_argument("--words", type=int, default=400, help="in each essay")
    parser.add_argument("--apache-kafka", action="store_true", help="instead of the embedded one")
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="huleedu-bench-"))
        if given.apache_kafka:
            kafka = stack.enter_context(ApacheKafka())
            os.environ["KAFKA_BOOTSTRAP_SERVERS"] = kafka.bootstrap_servers
        run(measure(given, Path(folder)))
