"""The broker of a run: Apache Kafka where it can be had, or else the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from huleedu_embedded.infrastructure import Host
from huleedu_embedded.specification import Specification
from scripts.chaos.schedule import Fault
from scripts.kafka.broker import ApacheKafka, UnavailableError


class Broker(Protocol):
    name: str
    address: str
    faults: tuple[Fault, ...]
    """Those that it bears."""
    members: int
    """How many workers of one group it bears."""
    session_seconds: float

    async def restart(self, seconds: float) -> None:
        """Kill it, and start it again after so long."""
        ...


class Kafka:
    name = "Apache Kafka"
    members = 3
    faults: tuple[Fault, ...] = tuple(Fault)
    session_seconds = 6.0

    def __init__(self, kafka: ApacheKafka) -> None:
        self.address = kafka.bootstrap_servers
        self._kafka = kafka
        self._restarting = asyncio.Lock()

    async def restart(self, seconds: float) -> None:
        async with self._restarting:
            self._kafka.kill()
            await asyncio.sleep(seconds)
            self._kafka.launch()  # in this thread, with which it ends
            await asyncio.to_thread(self._kafka.wait_until_ready)


class Embedded:
    name = "the embedded broker"
    members = 1
    # A group of several members is beyond it, and it forgets everything with its end.
    faults: tuple[Fault, ...] = tuple(f for f in Fault if f not in (Fault.VISIT, Fault.BROKER))
    session_seconds = 3.0

    def __init__(self, address: str) -> None:
        self.address = address

    async def restart(self, seconds: float) -> None:
        raise NotImplementedError("it would forget everything")


@asynccontextmanager
async def broker(
    wanted: str | None, directory: Path, topics: Sequence[str], partitions: int
) -> AsyncIterator[Broker]:
    """Apache Kafka or the embedded broker; by default the former if it can be had."""
    if wanted != "embedded":
        try:
            kafka = ApacheKafka(directory)
        except UnavailableError as error:
            if wanted == "kafka":
                raise SystemExit(f"Apache Kafka cannot run here: {error}") from error
            print(f"Apache Kafka cannot run here ({error}): the embedded broker, and fewer faults.")
        else:
            with kafka:
                await _create(kafka.bootstrap_servers, topics, partitions)
                yield Kafka(kafka)
            return
    specification = Specification(parts=["kafka"], topics=dict.fromkeys(topics, partitions))
    host = Host(specification)
    try:
        yield Embedded((await asyncio.to_thread(host.addresses))["kafka"])
    finally:
        await asyncio.to_thread(host.stop)


async def _create(address: str, topics: Sequence[str], partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1) for topic in topics])
    finally:
        await admin.close()
