"""A consumer of the ledger service on a Kafka in memory, with real database and turned clock."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from common_core.events.envelope import EventData, EventEnvelope
from huleedu_service_libs.consumer import Consumer, ConsumerConfig, Handled
from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.testing.fake_kafka import FakeBroker, FakeKafkaClient
from huleedu_service_libs.testing.harness import ServiceHarness, Worker
from huleedu_service_libs.testing.messages import StoredMessage, envelope_of, message_of
from huleedu_service_libs.together import all_of
from huleedu_service_libs.transaction import Transactions
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.ledger_service import ledger

PATIENCE_SECONDS = 10.0


@dataclass
class Script:
    """What handlers meet, by the text of the event: a place to stop at, or errors to raise."""

    stops: dict[str, asyncio.Event] = field(default_factory=dict)
    errors: dict[str, list[BaseException]] = field(default_factory=lambda: defaultdict(list))
    errors_in_a_group: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)

    async def __call__(self, text: str) -> None:
        self.calls.append(text)
        if self.errors[text]:
            raise self.errors[text].pop(0)
        if self.errors_in_a_group[text]:
            await _raise_in_a_group(self.errors_in_a_group[text].pop(0))
        if text in self.stops:
            await self.stops[text].wait()

    def stop_at(self, text: str) -> asyncio.Event:
        return self.stops.setdefault(text, asyncio.Event())


async def _raise_in_a_group(error: Exception) -> None:
    """Fail as a handler does that asks for several things at once."""

    async def fail() -> None:
        raise error

    await all_of(fail(), asyncio.Event().wait())


@dataclass
class Bench:
    harness: ServiceHarness
    broker: FakeBroker
    script: Script
    handled: list[Handled] = field(default_factory=list)
    clients: list[FakeKafkaClient] = field(default_factory=list)
    abandoned: list[asyncio.Task[None] | None] = field(default_factory=list)

    def put(self, data: EventData, *, gap: int = 0) -> EventEnvelope[EventData]:
        """Write an event to its topic."""
        event = envelope_of(data)
        self.broker.append(message_of(event), gap=gap)
        return event

    def put_again(self, event: EventEnvelope[EventData]) -> StoredMessage:
        return self.broker.append(message_of(event))

    async def consumer(
        self,
        worker: Worker | None = None,
        *,
        drain_budget: float = 5.0,
        limits: Limits | None = None,
        poll_wait: float = 0.01,
    ) -> Consumer:
        """A consumer in a process of its own; not started."""
        worker = worker or await self.harness.worker("consumer")
        consuming = worker

        def connect(_config: ConsumerConfig) -> FakeKafkaClient:
            client = self.broker.client(consuming.process)
            self.clients.append(client)
            return client

        return Consumer(
            self.harness.router,
            ConsumerConfig(
                "nowhere",
                self.harness.config,
                poll_wait=poll_wait,
                drain_budget=drain_budget,
                limits=limits or Limits(),
            ),
            worker.client,
            await worker.container.get(Transactions),
            worker.container,
            observe=self.handled.append,
            clock=self.harness.clock,
            connect=connect,
        )

    @asynccontextmanager
    async def consuming(
        self,
        worker: Worker | None = None,
        *,
        drain_budget: float = 5.0,
        limits: Limits | None = None,
        poll_wait: float = 0.01,
    ) -> AsyncIterator[Consumer]:
        consumer = await self.consumer(
            worker, drain_budget=drain_budget, limits=limits, poll_wait=poll_wait
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await self.turning(consumer.stop())

    async def kill(self, worker: Worker, consumer: Consumer) -> None:
        """`kill -9`, and the group's session expires."""
        if consumer.assignment:
            self.abandoned += consumer.assignment.tasks
        self.abandoned += [consumer._task, consumer.leases._heartbeat]
        consumer._assignment = None  # a dead process drains nothing
        await self.harness.kill(worker)
        for client in self.clients:
            if client.process is worker.process:
                await self.broker.leave(client)

    async def bury(self) -> None:
        """End the tasks of killed workers."""
        for worker in self.harness.workers:
            if worker.process.dead:
                worker.process.bury()
        tasks = [task for task in self.abandoned if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
            assert not stuck, [task.get_stack() for task in stuck]

    async def until(self, fact: Callable[[], bool], *, speed: float = 0.1) -> None:
        """Turn the clock until it is so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not fact():
                await self.harness.clock.advance(speed)
                await asyncio.sleep(0.001)

    async def turning(self, work: Awaitable[None]) -> None:
        """Await something that needs the clock to go on."""
        task = asyncio.ensure_future(work)
        await self.until(task.done)
        task.result()

    async def until_read(self) -> None:
        await self.until(lambda: self.broker.lag == 0)

    async def lines(self) -> list[tuple[str, str]]:
        """The ledger: key and text, in the order of writing."""
        async with self.harness.session() as session:
            rows = await session.execute(
                sa.select(ledger.c.key, ledger.c.text).order_by(ledger.c.line)
            )
            return [(row.key, row.text) for row in rows]

    async def texts(self) -> list[str]:
        return [text for _, text in await self.lines()]


@asynccontextmanager
async def ledger_bench(postgres_url: str) -> AsyncIterator[Bench]:
    script = Script()
    router = ledger_service.make_router(script)
    async with ServiceHarness(
        ledger_service.settings(),
        router,
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    ) as harness:
        bench = Bench(harness, FakeBroker(router.topics), script)
        yield bench
        await bench.bury()
