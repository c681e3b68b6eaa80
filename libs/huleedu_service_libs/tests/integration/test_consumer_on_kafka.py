"""The consumer's promises at real brokers: what aiokafka and a group do that no double shows.

One member runs on the embedded broker and on Apache Kafka; what needs several members, a restart
or transactions runs on Apache Kafka.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException

from huleedu_service_libs.consumer import ConsumerConfig
from huleedu_service_libs.consumer.consumer import aiokafka_client
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.outbox.relay import Relay
from huleedu_service_libs.outbox.table import OutgoingRecord, append
from huleedu_service_libs.testing.messages import envelope_of, message_of
from huleedu_service_libs.topics import wait_for_topics
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection
from libs.huleedu_service_libs.tests.live import LiveBench, live_bench
from scripts.kafka.broker import ApacheKafka


@pytest.fixture
async def bench(kafka_bootstrap_servers: str, postgres_url: str) -> AsyncIterator[LiveBench]:
    async with live_bench(kafka_bootstrap_servers, postgres_url) as made:
        yield made


@pytest.fixture
async def group(apache_kafka: ApacheKafka, postgres_url: str) -> AsyncIterator[LiveBench]:
    """On Apache Kafka alone."""
    async with live_bench(apache_kafka.bootstrap_servers, postgres_url) as made:
        yield made


# One member


async def test_i18_i19_an_event_that_cannot_be_handled_yet_holds_its_offset(
    bench: LiveBench,
) -> None:
    """A commit without offsets would pass it, for good."""
    key, before = uuid4(), await bench.committed()
    bench.script.errors["not yet"] = [TemporaryError(retry_after=1_000.0) for _ in range(9)]
    await bench.put(rejection(key, "not yet"), *(rejection(reason=f"{n}") for n in range(20)))
    async with bench.consuming():
        await bench.until(lambda: bench.outcomes() == {Outcome.DONE: 20, Outcome.RETRY: 1})
        [blocked] = [h for h in bench.handled if h.outcome is Outcome.RETRY]
    tp = TopicPartition(blocked.topic, blocked.partition)
    assert (await bench.committed())[tp] == before[tp] == blocked.offset
    bench.script.errors["not yet"].clear()
    async with bench.consuming():
        await bench.until_read()
    assert Counter(await bench.texts()) == Counter(["not yet", *map(str, range(20))])


async def test_who_comes_back_goes_on_where_the_group_stands(bench: LiveBench) -> None:
    await bench.put(*(rejection(reason=f"first {n}") for n in range(10)))
    async with bench.consuming():
        await bench.until_read()
    await bench.put(*(rejection(reason=f"then {n}") for n in range(10)))
    async with bench.consuming():
        await bench.until_read()
    assert bench.outcomes() == {Outcome.DONE: 20}, "nothing is read twice"
    assert len(set(await bench.texts())) == 20


async def test_i28_stopping_commits_what_was_under_way(bench: LiveBench) -> None:
    """The callback of a revocation is not called when aiokafka is stopped."""
    stop = bench.script.stop_at("under way")
    await bench.put(rejection(reason="under way"))
    async with bench.consuming():
        await bench.until(lambda: bench.script.calls == ["under way"])
        asyncio.get_running_loop().call_later(0.3, stop.set)
    assert await bench.committed() == await bench.ends()
    assert await bench.texts() == ["under way"]


@pytest.mark.parametrize("value", [None, b"", b"\xff\x00", b"{"])
async def test_i32_bytes_that_are_no_event_pass_through_the_client(
    bench: LiveBench, value: bytes | None
) -> None:
    key = uuid4()
    [like] = await bench.put(rejection(key, "good"))
    await bench.put_bytes(value, like=envelope_of(like.data))
    await bench.put(rejection(key, "last"))
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == ["good", "last"]
    [letter] = await bench.harness.dead_letters.list()
    assert letter.payload == value or (value is None and not letter.payload)


async def test_a_poll_that_fails_on_one_partition_loses_nothing_of_the_others(
    bench: LiveBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What aiokafka had taken from them it throws away, and has moved their positions on."""
    take, taken, failed = FetchResult.getall, set[TopicPartition](), list[TopicPartition]()

    def fail_after_another(self: Any, max_records: int | None = None) -> Any:
        tp = self._topic_partition
        if not failed and taken - {tp}:
            failed.append(tp)
            raise CorruptRecordException
        records = take(self, max_records)
        if records:
            taken.add(tp)
        return records

    texts = [f"{n}" for n in range(40)]
    await bench.put(*(rejection(reason=text) for text in texts))
    monkeypatch.setattr(FetchResult, "getall", fail_after_another)
    async with bench.consuming():
        await bench.until_read()
    assert failed
    assert Counter(await bench.texts()) == Counter(texts)


# Several members


async def test_i23_a_key_keeps_its_order_and_its_effects_while_members_come_and_go(
    group: LiveBench,
) -> None:
    keys = [uuid4() for _ in range(12)]
    async with AsyncExitStack() as stack:
        for number in range(5):
            await group.put(*(rejection(key, f"{number}") for key in keys))
            if number in (0, 1, 2):
                await stack.enter_async_context(group.consuming())
        await group.put(*(rejection(key, "last") for key in keys))
        await group.until(lambda: group.outcomes()[Outcome.DONE] == 72)
        await group.until_read()
    lines = await group.lines()
    for key in keys:
        assert [text for k, text in lines if k == str(key)] == ["0", "1", "2", "3", "4", "last"]


async def test_i25_a_hand_over_waits_for_the_handler_and_passes_its_offset_on(
    group: LiveBench,
) -> None:
    key, stop = uuid4(), group.script.stop_at("under way")
    await group.put(rejection(key, "under way"), rejection(key, "next"))
    async with group.consuming() as first:
        before = first.assignment
        await group.until(lambda: group.script.calls == ["under way"])
        joining = asyncio.ensure_future(_consume_until(group, "next"))
        await group.until(lambda: first.assignment is not before)
        stop.set()
        await joining
        await group.until_read()
    assert await group.texts() == ["under way", "next"]
    assert group.script.calls == ["under way", "next"]
    assert group.outcomes() == {Outcome.DONE: 2}


async def _consume_until(group: LiveBench, text: str) -> None:
    async with group.consuming():
        await group.until(lambda: text in group.script.calls)


async def test_i26_a_handler_that_outlives_the_hand_over_has_no_effect(group: LiveBench) -> None:
    group.script.stop_at("endless")
    before = await group.committed()
    [event] = await group.put(rejection(reason="endless"))
    async with group.consuming(drain_budget=0.3):
        await group.until(lambda: group.script.calls == ["endless"])
        async with group.consuming(drain_budget=0.3):
            await group.until(lambda: len(group.script.calls) == 2)
            assert await group.committed() == before
            assert await group.texts() == []
            group.script.stops["endless"].set()
            await group.until_read()
    assert await group.texts() == ["endless"]
    record = await group.harness.record(event.event_id)
    assert record is not None
    assert record.state == "completed"


async def test_i21_i22_a_commit_that_a_rebalance_overtakes_is_not_sent_later(
    group: LiveBench,
) -> None:
    """Old offsets would be sent again by aiokafka, under the group's new generation."""
    late = asyncio.Event()
    overtaken: list[dict[TopicPartition, int]] = []

    def slow(config: ConsumerConfig) -> Any:
        client = aiokafka_client(config)
        commit = client.commit

        async def commit_late(offsets: dict[TopicPartition, int]) -> None:
            if not overtaken:
                overtaken.append(offsets)
                await late.wait()
            await commit(offsets)

        client.commit = commit_late
        return client

    key = uuid4()
    await group.put(rejection(key, "first"))
    async with group.consuming(connect=slow, commit_timeout=30.0):
        await group.until(lambda: bool(overtaken))
        await group.put(rejection(key, "second"))
        await group.until(lambda: "second" in group.script.calls)
        async with group.consuming():
            await group.until_read()
            late.set()
            for _ in range(10):
                assert await group.committed() == await group.ends()
                await asyncio.sleep(0.05)


async def test_a_member_that_the_group_gave_up_comes_back_and_repeats_nothing(
    group: LiveBench,
) -> None:
    stop = group.script.stop_at("under way")
    await group.put(rejection(reason="under way"))
    async with group.consuming(session_timeout=1.0):
        await group.until(lambda: group.script.calls == ["under way"])
        time.sleep(2.5)  # noqa: ASYNC251 - nothing of this process runs, its heartbeat neither
        stop.set()
        await group.put(rejection(reason="then"))
        await group.until_read()
    assert sorted(await group.texts()) == ["then", "under way"]


async def test_a_static_member_that_restarts_takes_nothing_from_the_others(
    group: LiveBench,
) -> None:
    async with group.consuming(instance_id="a") as stays:
        async with group.consuming(instance_id="b"):
            await group.until(lambda: len(_partitions(stays)) == 4)
            assignment = stays.assignment
        await group.put(*(rejection(reason=f"{n}") for n in range(20)))
        async with group.consuming(instance_id="b"):
            await group.until_read()
            assert stays.assignment is assignment
    assert len(set(await group.texts())) == 20


def _partitions(consumer: Any) -> frozenset[tuple[str, int]]:
    return consumer.assignment.partitions if consumer.assignment else frozenset()


# What only Apache Kafka does


async def test_i20_control_records_and_aborted_ones_neither_block_nor_take_effect(
    group: LiveBench,
) -> None:
    key = uuid4()
    producer = AIOKafkaProducer(bootstrap_servers=group.address, transactional_id=f"tx-{uuid4()}")
    await producer.start()
    for text, aborted in (("a", False), ("undone", True), ("b", False), ("undone too", True)):
        message = message_of(envelope_of(rejection(key, text)))
        await producer.begin_transaction()
        await producer.send_and_wait(
            message.topic, message.value, message.key, headers=list(message.headers)
        )
        await (producer.abort_transaction() if aborted else producer.commit_transaction())
    await producer.stop()
    await group.put(rejection(key, "c"))
    async with group.consuming():
        await group.until_read()
    assert await group.texts() == ["a", "b", "c"]


@pytest.fixture
def compacting_kafka() -> Iterator[ApacheKafka]:
    settings = {
        "log.cleanup.policy": "compact",
        "log.cleaner.backoff.ms": "50",
        "log.cleaner.min.cleanable.ratio": "0.01",
        "log.roll.ms": "50",
    }
    with ApacheKafka(settings=settings) as running:
        yield running


@pytest.mark.apache_kafka
async def test_i20_what_compaction_has_removed_neither_blocks_nor_takes_others_with_it(
    compacting_kafka: ApacheKafka, postgres_url: str
) -> None:
    async with live_bench(compacting_kafka.bootstrap_servers, postgres_url) as bench:
        key = uuid4()
        written: list[str] = []
        await bench.put(rejection(uuid4(), "before the hole"), partition=0)

        async def there_is_a_hole() -> bool:
            written.append(f"{len(written)}")
            await bench.put(rejection(key, written[-1]), partition=0)
            return len(await bench.readable()) <= len(written)

        await bench.until(there_is_a_hole)
        async with bench.consuming():
            await bench.until_read()
        left, done = await bench.readable(), await bench.texts()
        assert set(left) <= set(done)
        done.remove("before the hole")
        assert done == [text for text in written if text in done] != written


@pytest.fixture
def own_kafka() -> Iterator[ApacheKafka]:
    with ApacheKafka() as running:
        yield running


@pytest.mark.apache_kafka
async def test_a_broker_that_is_killed_and_comes_back_repeats_and_loses_nothing(
    own_kafka: ApacheKafka, postgres_url: str
) -> None:
    async with live_bench(own_kafka.bootstrap_servers, postgres_url) as bench:
        stop = bench.script.stop_at("under way")
        async with bench.consuming():
            await bench.put(*(rejection(reason=f"before {n}") for n in range(10)))
            await bench.put(excess(reason="under way"))
            await bench.until(lambda: "under way" in bench.script.calls)
            own_kafka.kill()
            stop.set()
            own_kafka.launch()
            await asyncio.to_thread(own_kafka.wait_until_ready)
            await bench.put(*(rejection(reason=f"after {n}") for n in range(10)))
            await bench.until_read()
        expected = [f"{when} {n}" for when in ("before", "after") for n in range(10)]
        assert Counter(await bench.texts()) == Counter([*expected, "under way"])


async def test_the_relay_goes_on_after_a_row_that_the_broker_refuses(group: LiveBench) -> None:
    """After such an error later batches of the same producer would fail out of sequence."""
    topic = f"one-partition-{uuid4().hex[:8]}"
    await wait_for_topics(group.address, {topic: 1}, retention_seconds=3_600)
    rows = [
        OutgoingRecord(topic, b"small", (), b"1", uuid4()),
        OutgoingRecord(topic, b"large", (), b"x" * 2_000_000, uuid4()),
        *(OutgoingRecord(topic, b"small", (), str(n).encode(), uuid4()) for n in range(2, 50)),
    ]
    async with group.harness.unit() as unit:
        await append(unit.connection, rows)
    relay = Relay(group.harness.first.engine, group.address, batch_bytes=3_000_000)
    await relay.start()
    group.observer.assign([tp := TopicPartition(topic, 0)])
    group.observer.seek(tp, 0)
    async with asyncio.timeout(30):
        values = [(await group.observer.getone()).value for _ in range(49)]
    await relay.stop()
    assert values == [str(n).encode() for n in range(1, 50)]
    [left] = await group.harness.outgoing()
    assert left.key == b"large"
