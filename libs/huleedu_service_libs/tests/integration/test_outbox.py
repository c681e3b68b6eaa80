"""From the transaction to the topic: what is committed is sent, in order, once acknowledged."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from opentelemetry.sdk.trace import TracerProvider

from common_core.events.envelope import derive_event_id
from huleedu_service_libs.errors import PermanentError
from huleedu_service_libs.outbox import relay as relay_module
from huleedu_service_libs.outbox.relay import Relay
from huleedu_service_libs.outbox.table import OutgoingRecord, append, outbox
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.topics import wait_for_topics
from huleedu_service_libs.transaction import CAUSATION_HEADER
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.facts import soon
from libs.huleedu_service_libs.tests.ledger_service import provisioned, rejection

TOPIC = "huleedu.content.essay-provisioned.v1"


@pytest.fixture
async def harness(postgres_url: str) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        ledger_service.settings(),
        ledger_service.router,
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    ) as made:
        yield made


def record(key: str, text: str, topic: str = TOPIC) -> OutgoingRecord:
    return OutgoingRecord(topic, key.encode(), (("n", text.encode()),), text.encode(), uuid4())


async def commit(harness: ServiceHarness, *records: OutgoingRecord) -> None:
    async with harness.unit() as unit:
        await append(unit.connection, records)


async def left(harness: ServiceHarness) -> int:
    async with harness.session() as session:
        return int(await session.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0)


@dataclass
class Broker:
    """What producers of several relays write to; it refuses, is away, or answers late."""

    written: list[tuple[str, bytes | None, bytes | None]] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    down: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0
    failure_to_stop: BaseException | None = None

    def __post_init__(self) -> None:
        self.answers.set()

    def producer(self, **_settings: Any) -> "Producer":
        return Producer(self)

    def texts(self, key: str) -> list[str]:
        return [(text or b"").decode() for _, k, text in self.written if k == key.encode()]


class Batch(list[tuple[bytes | None, bytes | None]]):
    def append(self, *, key: bytes | None, value: bytes | None, **_: Any) -> object:  # type: ignore[override]  # aiokafka's own shape
        super().append((key, value))
        return object()

    def close(self) -> None:
        return


@dataclass
class Producer:
    broker: Broker

    async def start(self) -> None:
        self.broker.starts += 1
        if self.broker.down:
            raise KafkaConnectionError("down")

    async def stop(self) -> None:
        if self.broker.failure_to_stop is not None:
            raise self.broker.failure_to_stop

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0, 1}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(
        self,
        batch: Batch,
        topic: str,
        *,
        partition: int,
    ) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.broker.down:
            raise KafkaConnectionError("down")
        if any(value in self.broker.refused for _, value in batch):
            done.set_exception(MessageSizeTooLargeError())
            return done
        self.broker.written += [(topic, key, value) for key, value in batch]
        await self.broker.answers.wait()
        done.set_result(None)
        return done


class Relays:
    def __init__(self, harness: ServiceHarness, broker: Broker) -> None:
        self.harness = harness
        self.broker = broker
        self.started: list[Relay] = []

    async def start(self, *, longest_silence: float = 60.0) -> Relay:
        worker = await self.harness.worker("relay")
        relay = Relay(
            worker.engine,
            "nowhere",
            producer=self.broker.producer,
            longest_pause=0.05,
            longest_silence=longest_silence,
        )
        self.started.append(relay)
        await relay.start()
        return relay


@pytest.fixture
async def relays(harness: ServiceHarness) -> AsyncIterator[Relays]:
    made = Relays(harness, Broker())
    yield made
    made.broker.answers.set()
    await asyncio.gather(*(relay.stop() for relay in made.started))


async def until_sent(harness: ServiceHarness, rows: int = 0) -> None:
    async with asyncio.timeout(20):
        while await left(harness) > rows:  # noqa: ASYNC110 - the fact is in the database
            await asyncio.sleep(0.01)


async def test_i15_a_rolled_back_transaction_says_nothing(harness: ServiceHarness) -> None:
    async def emit_and_fail() -> None:
        async with harness.transactions.begin(uuid4(), uuid4()) as tx:
            tx.emit(provisioned(rejection().batch_id))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await emit_and_fail()
    assert await left(harness) == 0


async def test_what_is_emitted_has_an_id_that_follows_from_its_cause(
    harness: ServiceHarness,
) -> None:
    cause, correlation = uuid4(), uuid4()
    for _ in range(2):
        async with harness.transactions.begin(cause, correlation) as tx:
            tx.emit(provisioned(rejection().batch_id))
            tx.emit(provisioned(rejection().batch_id), discriminator="second")
    ids = [event.event_id for event in await harness.emitted()]
    first = derive_event_id(cause, "EssayContentProvisionedV1")
    second = derive_event_id(cause, "EssayContentProvisionedV1", "second")
    assert ids == [first, second] * 2
    assert {event.correlation_id for event in await harness.emitted()} == {correlation}
    assert {event.source_service for event in await harness.emitted()} == {"ledger_service"}


async def test_two_events_of_one_type_need_discriminators(harness: ServiceHarness) -> None:
    async with harness.transactions.begin(uuid4(), uuid4()) as tx:
        tx.emit(provisioned(rejection().batch_id))
        with pytest.raises(ValueError, match="discriminator"):
            tx.emit(provisioned(rejection().batch_id))


async def test_an_event_too_large_to_be_sent_is_refused_when_it_is_emitted(
    harness: ServiceHarness,
) -> None:
    async with harness.transactions.begin(uuid4(), uuid4()) as tx:
        with pytest.raises(PermanentError, match="bytes"):
            tx.emit(provisioned(rejection().batch_id, "x" * 1_000_000))


async def test_what_is_emitted_names_its_cause(harness: ServiceHarness) -> None:
    cause = uuid4()
    async with harness.transactions.begin(cause, uuid4()) as tx:
        tx.emit(provisioned(rejection().batch_id))
    [message] = await harness.outgoing()
    assert dict(message.headers)[CAUSATION_HEADER] == str(cause).encode()


async def test_the_trace_goes_on_in_what_is_emitted(harness: ServiceHarness) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        async with harness.transactions.begin(uuid4(), uuid4()) as tx:
            tx.emit(provisioned(rejection().batch_id))
    [message] = await harness.outgoing()
    trace_id = format(span.get_span_context().trace_id, "032x")
    assert trace_id in dict(message.headers)["traceparent"].decode()


async def test_i35_a_later_emit_of_a_key_waits_for_the_commit_of_an_earlier_one(
    harness: ServiceHarness,
) -> None:
    async with harness.unit() as first:
        await append(first.connection, [record("a", "1"), record("b", "1")])

        async def later(key: str) -> None:
            await commit(harness, record(key, "2"))

        same, other = asyncio.create_task(later("b")), asyncio.create_task(later("c"))
        async with asyncio.timeout(10):
            await other
        done, _ = await asyncio.wait([same], timeout=0.2)
        assert not done
    async with asyncio.timeout(10):
        await same
    rows = [(message.key, message.value) for message in await harness.outgoing()]
    assert rows.index((b"b", b"1")) < rows.index((b"b", b"2"))


async def test_i35_keys_in_any_order_do_not_deadlock(harness: ServiceHarness) -> None:
    keys = list("abcdefgh")
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(
                commit(harness, *(record(key, str(n)) for key in (keys if n % 2 else keys[::-1])))
                for n in range(12)
            )
        )
    assert await left(harness) == 12 * len(keys)


async def test_i34_i38_rows_go_when_they_are_acknowledged_and_not_before(
    harness: ServiceHarness, relays: Relays
) -> None:
    relays.broker.answers.clear()
    await commit(harness, *(record("a", str(n)) for n in range(5)))
    await relays.start()
    await soon(lambda: bool(relays.broker.written))
    assert await left(harness) == 5
    relays.broker.answers.set()
    await until_sent(harness)
    assert relays.broker.texts("a") == list("01234")


async def test_i36_a_row_committed_late_with_an_early_id_is_sent(
    harness: ServiceHarness, relays: Relays
) -> None:
    await relays.start()
    async with harness.unit() as late:
        await append(late.connection, [record("late", "1")])
        await commit(harness, record("early", "1"))
        await soon(lambda: relays.broker.texts("early") == ["1"])
        assert relays.broker.texts("late") == []
    await until_sent(harness)
    assert relays.broker.texts("late") == ["1"]


async def test_i37_a_refused_row_blocks_its_key_and_no_other(
    harness: ServiceHarness, relays: Relays
) -> None:
    relays.broker.refused = {b"bad"}
    await commit(
        harness,
        record("a", "1"),
        record("a", "bad"),
        record("a", "3"),
        *(record(key, str(n)) for n in range(3) for key in "bcdef"),
    )
    await relays.start()
    await until_sent(harness, rows=2)
    assert relays.broker.texts("a") == ["1"]
    for key in "bcdef":
        assert relays.broker.texts(key) == list("012")


async def test_i37_a_refused_row_is_sent_once_the_broker_takes_it(
    harness: ServiceHarness, relays: Relays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_BLOCKED_SECONDS", 0.2)
    relays.broker.refused = {b"bad"}
    await commit(harness, record("a", "bad"), record("a", "2"), record("b", "1"))
    await relays.start()
    await until_sent(harness, rows=2)
    relays.broker.refused.clear()
    await until_sent(harness)
    assert relays.broker.texts("a") == ["bad", "2"]


async def test_i35_i38_a_broker_that_is_away_loses_nothing(
    harness: ServiceHarness, relays: Relays
) -> None:
    relays.broker.down = True
    relay = await relays.start()
    await commit(harness, *(record("a", str(n)) for n in range(3)))
    await soon(lambda: relays.broker.starts > 0)
    with pytest.raises(RuntimeError):
        await relay.check()
    assert await left(harness) == 3
    relays.broker.down = False
    await until_sent(harness)
    assert relays.broker.texts("a") == list("012")
    await relay.check()


async def test_i35_a_relay_that_stays_silent_is_followed_and_what_it_still_sends_overtakes_nothing(
    harness: ServiceHarness, relays: Relays
) -> None:
    relays.broker.answers.clear()
    silent = await relays.start(longest_silence=0.2)
    await commit(harness, record("a", "0"), record("a", "1"))
    await soon(lambda: relays.broker.texts("a") == ["0", "1"])
    follower = await relays.start()
    await soon(lambda: follower.leading)
    await soon(lambda: relays.broker.texts("a") == ["0", "1", "0", "1"])
    await commit(harness, record("a", "2"))
    relays.broker.answers.set()
    await until_sent(harness)
    await soon(lambda: not silent.leading)
    assert list(dict.fromkeys(relays.broker.texts("a"))) == ["0", "1", "2"]


@pytest.mark.parametrize("failure", [asyncio.CancelledError(), ValueError()])
async def test_a_producer_that_cannot_be_stopped_in_order_does_not_end_the_relay(
    harness: ServiceHarness, relays: Relays, failure: BaseException
) -> None:
    relays.broker.down = True
    relays.broker.failure_to_stop = failure
    await relays.start()
    await commit(harness, record("a", "0"))
    await soon(lambda: relays.broker.starts > 1)
    relays.broker.down = False
    await until_sent(harness)


async def test_i35_of_two_relays_one_works_and_the_other_follows_when_it_dies(
    harness: ServiceHarness, relays: Relays
) -> None:
    first = await relays.start()
    await commit(harness, record("a", "0"))
    await until_sent(harness)
    second = await relays.start()
    await soon(lambda: second.connected)
    assert (first.leading, second.leading) == (True, False)

    relays.broker.answers.clear()
    await commit(harness, *(record("a", str(n)) for n in range(1, 4)))
    await soon(lambda: len(relays.broker.texts("a")) == 4)
    await harness.kill(harness.workers[1])  # written, but its rows are still there
    relays.broker.answers.set()
    await soon(lambda: second.leading)
    await commit(harness, record("a", "4"))
    await until_sent(harness)
    firsts = list(dict.fromkeys(relays.broker.texts("a")))
    assert firsts == list("01234")


async def test_the_relay_looks_at_once_when_it_is_woken(
    harness: ServiceHarness, relays: Relays
) -> None:
    relay = await relays.start()
    harness.transactions.on_outgoing(relay.wake)
    await soon(lambda: relay.connected)
    async with harness.transactions.begin(uuid4(), uuid4()) as tx:
        tx.emit(provisioned(rejection().batch_id))
    await until_sent(harness)


async def test_stopping_sends_what_is_there(harness: ServiceHarness, relays: Relays) -> None:
    relay = await relays.start()
    await soon(lambda: relay.connected)
    await commit(harness, *(record("a", str(n)) for n in range(3)))
    await relay.stop()
    assert await left(harness) == 0


async def test_i34_on_a_broker_every_row_arrives_with_its_id_key_headers_and_bytes(
    harness: ServiceHarness, kafka_bootstrap_servers: str
) -> None:
    topic = f"huleedu.test.{uuid4().hex}"
    records = [
        record(f"key {n % 7}", json.dumps({"n": n, "text": "å" * (n % 50)}), topic)
        for n in range(500)
    ]
    records.append(OutgoingRecord(topic, b"key 1", (("odd", b"\xff\x00"), ("odd", b"")), None))
    for start in range(0, len(records), 100):
        await commit(harness, *records[start : start + 100])
    await wait_for_topics(kafka_bootstrap_servers, {topic: 4}, retention_seconds=3_600)
    relay = Relay(harness.first.engine, kafka_bootstrap_servers, batch_rows=64, batch_bytes=4_000)
    await relay.start()
    await until_sent(harness)
    await relay.stop()
    arrived = await read(kafka_bootstrap_servers, topic, len(records))
    for key in {record.key for record in records}:
        expected = [(r.payload, r.headers) for r in records if r.key == key]
        assert [(m.value, m.headers) for m in arrived if m.key == key] == expected


async def read(servers: str, topic: str, count: int) -> Sequence[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
