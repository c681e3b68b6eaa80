"""A Kafka in memory, as far as one consumer group needs it: positions, commits, rebalances, fences.

A client has the part of aiokafka's consumer that the library uses.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from huleedu_service_libs.testing.messages import StoredMessage
from huleedu_service_libs.testing.process import Process


class FakeBroker:
    """`committed` is what the group has committed; `append` gives a message its offset."""

    def __init__(self, topics: Sequence[str], *, partitions: int = 2) -> None:
        self.logs: dict[TopicPartition, list[StoredMessage]] = {
            TopicPartition(topic, number): [] for topic in topics for number in range(partitions)
        }
        self.committed: dict[TopicPartition, int] = {}
        self.generation = 0
        self._members: list[FakeKafkaClient] = []
        self._partitions = partitions
        self._balancing = asyncio.Lock()
        self._arrived = asyncio.Event()

    def append(self, message: StoredMessage, *, gap: int = 0) -> StoredMessage:
        """Write it behind what is there, `gap` offsets further, as compaction leaves them."""
        number = sum(message.key or b"") % self._partitions
        log = self.logs[TopicPartition(message.topic, number)]
        offset = (log[-1].offset + 1 if log else 0) + gap
        log.append(replace(message, partition=number, offset=offset))
        self._arrived.set()
        return log[-1]

    @property
    def lag(self) -> int:
        return sum(
            sum(message.offset >= self.committed.get(tp, 0) for message in log)
            for tp, log in self.logs.items()
        )

    def client(self, process: Process) -> "FakeKafkaClient":
        return FakeKafkaClient(self, process)

    async def join(self, client: "FakeKafkaClient") -> None:
        self._members.append(client)
        await self.rebalance()

    async def leave(self, client: "FakeKafkaClient") -> None:
        """It has left, or its session has expired."""
        if client in self._members:
            self._members.remove(client)
            client.generation = -1
            await self.rebalance()

    async def rebalance(self) -> None:
        """Take all partitions from all members and deal them anew."""
        async with self._balancing:
            members = list(self._members)
            for member in members:
                member.balancing = True
            await asyncio.gather(*(member.revoke() for member in members))
            self.generation += 1
            tps = list(self.logs)
            for index, member in enumerate(members):
                await member.assign(tps[index :: len(members)], self.generation)
                member.balancing = False

    async def arrived(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return
        self._arrived.clear()


class FakeKafkaClient:
    def __init__(self, broker: FakeBroker, process: Process) -> None:
        self.generation = -1
        self.balancing = False
        self.failure: BaseException | None = None
        """Raised by the next poll."""
        self.failure_to_stop: BaseException | None = None
        """Raised by the attempt to stop it once it has left its group."""
        self.stuck = False
        """Whether polls never return."""
        self.commits: list[dict[TopicPartition, int]] = []
        self.waiting = False
        """Whether a poll waits for records."""
        self._broker = broker
        self.process = process
        self._positions: dict[TopicPartition, int] = {}
        self._listener: Any = None
        self._joining: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._at("start")

    def subscribe(self, topics: Sequence[str], listener: Any) -> None:  # noqa: ARG002 - all of them
        self._listener = listener
        self._joining = asyncio.create_task(self._broker.join(self))

    async def stop(self) -> None:
        await self._at("stop")
        await self._broker.leave(self)
        if self.failure_to_stop is not None:
            raise self.failure_to_stop

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int = 500
    ) -> dict[TopicPartition, list[StoredMessage]]:
        await self._at("poll")
        if self.stuck:
            await asyncio.Event().wait()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        found = self._take(partitions, max_records)
        if not found and timeout_ms:
            self.waiting = True
            await self._broker.arrived(timeout_ms / 1000)
            self.waiting = False
            found = self._take(partitions, max_records)
        if found:
            await self._at("polled")
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int] | None = None) -> None:
        """Without offsets: the position of every partition, as aiokafka does."""
        await self._at("commit offsets")
        if offsets is None:
            offsets = self._positions
        if self.generation != self._broker.generation:
            raise CommitFailedError("the group has rebalanced")
        self._broker.committed.update(offsets)
        self.commits.append(dict(offsets))
        await self._at("committed offsets")

    async def revoke(self) -> None:
        await self._listener.on_partitions_revoked(set(self._positions))
        self._positions = {}

    async def assign(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        self.generation = generation
        self._positions = {tp: self._broker.committed.get(tp, 0) for tp in partitions}
        await self._listener.on_partitions_assigned(set(partitions))

    def _take(
        self, partitions: Sequence[TopicPartition], most: int
    ) -> dict[TopicPartition, list[StoredMessage]]:
        found: dict[TopicPartition, list[StoredMessage]] = {}
        if self.balancing:
            return found
        for tp, position in self._positions.items():
            if partitions and tp not in partitions:
                continue
            records = [record for record in self._broker.logs[tp] if record.offset >= position]
            if taken := records[:most]:
                found[tp] = taken
                self._positions[tp] = taken[-1].offset + 1
        return found

    async def _at(self, where: str) -> None:
        await self.process.at(where)
        await asyncio.sleep(0)
