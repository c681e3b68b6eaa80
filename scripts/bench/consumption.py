"""Measure consumption beside what people write themselves, in one run on the same servers.

Each handles the same events: read from Kafka, decode, one effect in PostgreSQL, one event for the
outbox, explicit offsets after that. All keep the order of keys; logs are written from WARNING on,
spans are not recorded, and what was made at the start is left out of garbage collections.

- native twin, a plain loop: aiokafka and asyncpg, one message after the other, a transaction of two
  statements each, offsets after each poll. Nothing protects it: what is delivered twice has its
  effect twice.
- native twin, several at once: the same with as many connections as this library uses, each key on
  one of them.
- common pattern: that twin with GET, SET NX before each transaction and SETEX after it.
- this library, a message a transaction: the twin's work with lease and inbox, its effect the twin's
  statement; and the same with its effect an object of SQLAlchemy's session.
- this library as it comes: what is there at the same time shares a transaction, and what handlers
  add to the session is written together.
"""

import argparse
import asyncio
import gc
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import asyncpg
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.events.envelope import EventEnvelope, envelop, headers
from common_core.events.essay_events import EssayContentRejectedV1, ExcessContentReportedV1
from common_core.identifiers import BatchId
from common_core.topics import event_type_of
from huleedu_embedded.infrastructure import Infrastructure
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.consumer import Consumer, ConsumerConfig
from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.database import create_engine
from huleedu_service_libs.di import make_container
from huleedu_service_libs.handled import Handled
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Identity
from huleedu_service_libs.idempotency.leases import Leases
from huleedu_service_libs.instrumentation import log_handled
from huleedu_service_libs.logging_utils import configure_logging
from huleedu_service_libs.metrics import count_handled
from huleedu_service_libs.outbox.table import pack_headers
from huleedu_service_libs.routing import Router
from huleedu_service_libs.tracing import configure_tracing
from huleedu_service_libs.transaction import Transaction, Transactions
from scripts.bench._stack import (
    Count,
    count_asyncpg,
    count_engine,
    database,
    make_topics,
    redis_client,
    servers,
)

DATABASE = "bench_consumption"
HEARD = event_type_of(EssayContentRejectedV1)
SAID = event_type_of(ExcessContentReportedV1)
TOPICS = {HEARD.topic: 6, SAID.topic: 6}
KEYS = 300
AT_ONCE = 16
WARM_UP = 300
"""Events that are not measured: connections are made, statements prepared, caches filled."""
PAYLOAD_HASH = "0" * 64
ONE = "GET, SET NX, SETEX, one at a time"
SEVERAL = f"GET, SET NX, SETEX, {AT_ONCE} at once"
PLAIN = "native twin, a plain loop"
TWIN = f"native twin, {AT_ONCE} at once"
SINGLE = "library, a message a transaction"
SHARED = "library, shared transactions"
CLAIMS = "claim, confirm, 2 x 100 events at once"


class Base(DeclarativeBase):
    pass


class Effect(Base):
    __tablename__ = "effects"

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    number: Mapped[int]


by_statement, by_session = Router(), Router()


@by_statement.on(EssayContentRejectedV1)
async def note(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
    data = event.data
    connection = await tx.connection()
    await connection.execute(_EFFECT, event.event_id, str(data.batch_id), int(data.reason))
    say(data, tx)


@by_session.on(EssayContentRejectedV1)
async def add(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
    data = event.data
    tx.session.add(Effect(event_id=event.event_id, key=str(data.batch_id), number=int(data.reason)))
    say(data, tx)


def say(data: EssayContentRejectedV1, tx: Transaction) -> None:
    tx.emit(
        ExcessContentReportedV1(
            batch_id=data.batch_id,
            file_name=data.file_name,
            file_hash=data.file_hash,
            reason=data.reason,
        )
    )


@dataclass
class Run:
    """One contender's way through the events."""

    addresses: Infrastructure
    engine: AsyncEngine
    messages: int
    seconds: float
    group: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:8]}")
    count: Count = field(default_factory=Count)
    handled: int = 0
    first: float = 0.0
    last: float = 0.0
    end: asyncio.Event = field(default_factory=asyncio.Event)

    def done(self, _handled: Handled | None = None) -> None:
        self.last = time.perf_counter()
        self.handled += 1
        if self.handled == WARM_UP:
            self.first = self.last
            self.count.redis = self.count.sql = 0
        if self.over:
            self.end.set()

    @property
    def over(self) -> bool:
        began = self.first or time.perf_counter()
        return self.handled >= self.messages or time.perf_counter() - began > self.seconds

    @property
    def rate(self) -> float:
        return self.measured / (self.last - self.first)

    @property
    def measured(self) -> int:
        return self.handled - WARM_UP

    @property
    def dsn(self) -> str:
        server = sa.make_url(self.addresses.database_url)
        return server.set(database=DATABASE).render_as_string(hide_password=False)


async def produce(bootstrap_servers: str, messages: int) -> None:
    keys = [BatchId(uuid.uuid4()) for _ in range(KEYS)]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", linger_ms=5)
    await producer.start()
    try:
        for number in range(messages):
            data = EssayContentRejectedV1(
                batch_id=keys[number % KEYS],
                file_name="a.pdf",
                file_hash=PAYLOAD_HASH,
                code="unreadable",
                reason=str(number),
            )
            event = envelop(
                data,
                event_id=uuid.uuid4(),
                source_service="bench",
                correlation_id=uuid.uuid4(),
            )
            await producer.send(
                HEARD.topic,
                event.model_dump_json().encode(),
                key=str(HEARD.key(data)).encode(),
                headers=headers(event),
            )
        await producer.flush()
    finally:
        await producer.stop()


_NUMBER = sa.text("ALTER TABLE effects ADD COLUMN written bigint GENERATED ALWAYS AS IDENTITY")
"""What the order is checked by, which no handler knows."""
_IN_ORDER = sa.text("SELECT key, number FROM effects ORDER BY written")
_EFFECT = "INSERT INTO effects (event_id, key, number) VALUES ($1, $2, $3)"
_SAY = "INSERT INTO outbox (event_id, topic, key, headers, payload) VALUES ($1, $2, $3, $4, $5)"


async def transact(connection: Any, event: dict[str, Any]) -> None:
    """What the handler above does, as one writes it without a library."""
    data = event["data"]
    said = {
        "event_id": str(uuid.uuid4()),
        "event_type": SAID.name,
        "event_timestamp": event["event_timestamp"],
        "source_service": "bench",
        "correlation_id": event["correlation_id"],
        "schema_version": 1,
        "data": {name: data[name] for name in ("batch_id", "file_name", "file_hash", "reason")},
    }
    names = ("event_id", "event_type", "correlation_id", "source_service")
    packed = pack_headers([(name, said[name].encode()) for name in names])
    key, payload = data["batch_id"].encode(), json.dumps(said).encode()
    async with connection.transaction():
        await connection.execute(
            _EFFECT, uuid.UUID(event["event_id"]), data["batch_id"], int(data["reason"])
        )
        await connection.execute(
            _SAY, uuid.UUID(said["event_id"]), SAID.topic, key, packed, payload
        )


Handle = Callable[[Any, dict[str, Any]], Awaitable[None]]


async def loop(run: Run, handle: Handle, at_once: int) -> None:
    """Poll, handle with so many connections and each key on one of them, commit."""
    consumer = AIOKafkaConsumer(
        HEARD.topic,
        bootstrap_servers=run.addresses.kafka_bootstrap_servers,
        group_id=run.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    connections = [await asyncpg.connect(run.dsn) for _ in range(at_once)]
    for connection in connections:
        count_asyncpg(connection, run.count)
    await consumer.start()

    async def work(connection: Any, records: list[Any]) -> None:
        for record in records:
            if not run.over:
                await handle(connection, json.loads(record.value))
                run.done()

    try:
        while not run.over:
            polled = await consumer.getmany(timeout_ms=200, max_records=500)
            lanes: list[list[Any]] = [[] for _ in connections]
            for records in polled.values():
                for record in records:
                    lanes[hash(record.key) % at_once].append(record)
            await asyncio.gather(*map(work, connections, lanes))
            if polled:
                await consumer.commit({tp: each[-1].offset + 1 for tp, each in polled.items()})
    finally:
        await consumer.stop()
        for connection in connections:
            await connection.close()


async def native(run: Run, at_once: int) -> None:
    await loop(run, transact, at_once)


async def common(run: Run) -> None:
    client = redis_client(run.addresses.redis_url, run.count)

    async def handle(connection: Any, event: dict[str, Any]) -> None:
        key = f"{run.group}:{event['event_id']}"
        if await client.get(key) or not await client.set(key, "processing", nx=True, ex=300):
            return
        await transact(connection, event)
        await client.setex(key, 86_400, "completed")

    try:
        await loop(run, handle, AT_ONCE)
    finally:
        await client.aclose()


async def ours(run: Run, router: Router, limits: Limits) -> None:
    engine = create_engine(run.addresses.database_url, DATABASE)
    count_engine(engine, run.count)
    client = redis_client(run.addresses.redis_url, run.count)
    container = make_container(ServiceSettings(service_name=run.group, port=1))

    def observe(handled: Handled) -> None:
        log_handled(handled)
        count_handled(handled)
        run.done(handled)

    config = ConsumerConfig(
        run.addresses.kafka_bootstrap_servers, IdempotencyConfig(run.group), limits=limits
    )
    transactions = Transactions(engine, run.group)
    consumer = Consumer(router, config, client, transactions, container, observe=observe)
    await consumer.start()
    await run.end.wait()
    await consumer.stop()
    await client.aclose()
    await container.close()
    await engine.dispose()


async def check(run: Run) -> None:
    """Each event once and in the order of its key; then make room for the next contender."""
    async with run.engine.begin() as connection:
        rows = await connection.execute(_IN_ORDER)
        order: dict[str, list[int]] = {}
        for key, number in rows:
            order.setdefault(key, []).append(number)
        said = await connection.scalar(sa.text("SELECT count(*) FROM outbox"))
        await connection.execute(sa.text("TRUNCATE effects, outbox, inbox"))
    for numbers in order.values():
        if any(after != before + KEYS for before, after in pairwise(numbers)):
            raise RuntimeError(f"out of order, lost or repeated: {numbers}")
    if said != sum(map(len, order.values())):
        raise RuntimeError(f"{said} events were said")


Redis = Callable[[Any, Callable[[], bool]], Awaitable[int]]
"""Handles events with a client until told that it is over; how many they were."""


async def three_commands(client: Any, over: Callable[[], bool]) -> int:
    events = 0
    while not over():
        key = f"bench:{uuid.uuid4()}"
        await client.get(key)
        await client.set(key, "processing", nx=True, ex=300)
        await client.setex(key, 86_400, "completed")
        events += 1
    return events


async def claim_and_confirm(
    client: Any, over: Callable[[], bool], *, leases: list[Leases], size: int
) -> int:
    if not leases:
        leases.append(Leases(client, IdempotencyConfig("bench")))
    events = 0
    while not over():
        claims = await leases[0].claim_all(
            [Identity(uuid.uuid4(), HEARD.name, PAYLOAD_HASH) for _ in range(size)]
        )
        await leases[0].confirm_all([claim.lease for claim in claims if claim.lease])
        events += size
    return events


async def redis_alone(
    url: str, work: Redis, tasks: int, seconds: float
) -> tuple[int, float, Count]:
    """Events, events per second, and the commands that they took."""
    count = Count()
    client = redis_client(url, count)
    await client.ping()
    began, count.redis = time.perf_counter(), 0

    def over() -> bool:
        return time.perf_counter() - began > seconds

    events = sum(await asyncio.gather(*(work(client, over) for _ in range(tasks))))
    rate = events / (time.perf_counter() - began)
    await client.aclose()
    return events, rate, count


def line(name: str, rate: float, handled: int, count: Count) -> None:
    print(
        f"{name:44}{rate:10,.0f}/s{count.redis / handled:10.2f}{count.sql / handled:10.2f}",
        flush=True,
    )


def verdict(name: str, ratio: float, target: float | None = None) -> None:
    word = "reached" if target is None or ratio >= target else "MISSED"
    aim = "" if target is None else f"   target {target:g}: {word}"
    print(f"{name:64}{ratio:6.2f}{aim}")


async def measure(addresses: Infrastructure, given: argparse.Namespace) -> None:
    await make_topics(addresses.kafka_bootstrap_servers, TOPICS)
    await produce(addresses.kafka_bootstrap_servers, given.messages)
    print(f"{'':44}{'messages':>12}{'Redis':>10}{'SQL':>10}   commands a message")
    rates = {}
    alone: dict[str, tuple[Redis, int]] = {
        ONE: (three_commands, 1),
        SEVERAL: (three_commands, AT_ONCE),
        f"claim, confirm, {AT_ONCE} events at once": (
            partial(claim_and_confirm, leases=[], size=1),
            AT_ONCE,
        ),
        CLAIMS: (partial(claim_and_confirm, leases=[], size=100), 2),
    }
    for name, (work, tasks) in alone.items():
        events, rates[name], count = await redis_alone(
            addresses.redis_url, work, tasks, given.seconds / 2
        )
        line(name, rates[name], events, count)
    ways: dict[str, Callable[[Run], Awaitable[None]]] = {
        PLAIN: partial(native, at_once=1),
        TWIN: partial(native, at_once=AT_ONCE),
        f"common pattern, {AT_ONCE} at once": common,
        SINGLE: partial(ours, router=by_statement, limits=Limits(shared_records=1)),
        f"{SINGLE}, session": partial(ours, router=by_session, limits=Limits(shared_records=1)),
        SHARED: partial(ours, router=by_session, limits=Limits()),
    }
    async with database(addresses.database_url, DATABASE) as engine:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(_NUMBER)
        best: dict[str, Run] = {}
        for name, way in [*ways.items()] * given.repeat:  # in turn: what the machine does meets all
            run = Run(addresses, engine, given.messages, given.seconds)
            await way(run)
            await check(run)
            best[name] = max(run, best.get(name, run), key=lambda each: each.rate)
    for name, run in best.items():
        rates[name] = run.rate
        line(name, run.rate, run.measured, run.count)
    verdict("claim and confirm / three commands, one at a time", rates[CLAIMS] / rates[ONE], 8)
    verdict("claim and confirm / three commands, 16 at once", rates[CLAIMS] / rates[SEVERAL])
    verdict(f"a message a transaction / {PLAIN}", rates[SINGLE] / rates[PLAIN], 0.8)
    verdict(f"shared transactions / {PLAIN}", rates[SHARED] / rates[PLAIN], 5)
    verdict(f"a message a transaction / {TWIN}", rates[SINGLE] / rates[TWIN])
    verdict(f"shared transactions / {TWIN}", rates[SHARED] / rates[TWIN])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="bench consumption",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=6.0, help="at most, for each contender")
    parser.add_argument("--repeat", type=int, default=1, help="the best of so many is shown")
    parser.add_argument("--apache-kafka", action="store_true", help="instead of the embedded one")
    given = parser.parse_args(arguments)
    configure_logging("bench", "WARNING", "json")
    configure_tracing("bench", None)
    gc.collect()
    gc.freeze()  # as a service does when it has started
    with servers(TOPICS, apache=given.apache_kafka) as (addresses, broker):
        print(
            f"broker: {broker}; {given.messages:,} events, {KEYS} keys, 6 partitions;"
            f" {AT_ONCE} transactions at once, the shared ones {Limits().shared_transactions}"
        )
        asyncio.run(measure(addresses, given))
