"""The consumer's promises about offsets, order, retries and shutdown, with a Kafka in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import create_async_engine

from huleedu_service_libs.consumer.assignment import Limits
from huleedu_service_libs.dead_letters import DeadLetterStatus, dead_letter_topic
from huleedu_service_libs.errors import PermanentError, TemporaryError
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.messages import message_of
from huleedu_service_libs.transaction import Transactions
from libs.huleedu_service_libs.tests.consuming import Bench, ledger_bench
from libs.huleedu_service_libs.tests.ledger_service import excess, rejection


@pytest.fixture
async def bench(postgres_url: str) -> AsyncIterator[Bench]:
    async with ledger_bench(postgres_url) as made:
        yield made


async def test_every_event_takes_effect_and_every_offset_is_committed(bench: Bench) -> None:
    batches = [uuid4() for _ in range(5)]
    for text in "abc":
        for batch in batches:
            bench.put(rejection(batch, text))
            bench.put(excess(batch, text.upper()))
    async with bench.consuming():
        await bench.until_read()
    lines = await bench.lines()
    for batch in batches:
        texts = [text for key, text in lines if key == str(batch)]
        assert [text for text in texts if text.islower()] == ["a", "b", "c"]
        assert [text for text in texts if text.isupper()] == ["A", "B", "C"]
    assert len(await bench.harness.emitted()) == len(lines) == 30


async def test_what_is_delivered_again_changes_nothing(bench: Bench) -> None:
    event = bench.put(rejection())
    bench.put_again(event)
    async with bench.consuming():
        await bench.until_read()
    bench.broker.committed.clear()
    async with bench.consuming():
        await bench.until_read()
    outcomes = [handled.outcome for handled in bench.handled]
    assert outcomes == [Outcome.DONE, *[Outcome.DUPLICATE] * 3]
    assert await bench.texts() == ["a"]


async def test_i18_an_event_that_another_worker_has_holds_its_offset_but_no_other_key(
    bench: Bench,
) -> None:
    held = bench.put(rejection(UUID(int=2), "held"))
    other = bench.put(rejection(UUID(int=4), "other"))
    first, second = (message_of(event) for event in (held, other))
    assert sum(first.key or b"") % 2 == sum(second.key or b"") % 2, "one partition"
    worker = bench.harness.first
    claim = await worker.leases.claim(worker.processor.decode(first).identity)
    async with bench.consuming():
        await bench.until(lambda: Outcome.DONE in {h.outcome for h in bench.handled})
        await bench.until(lambda: [h.outcome for h in bench.handled].count(Outcome.IN_PROGRESS) > 3)
        assert set(bench.broker.committed.values()) <= {0}
        assert await bench.texts() == ["other"]
        assert claim.lease is not None
        await worker.leases.release(claim.lease, "unused")
        await bench.until_read()
    assert await bench.texts() == ["other", "held"]


async def test_i19_only_explicit_offsets_are_committed_and_i21_they_only_rise(
    bench: Bench,
) -> None:
    for text in "abcdefgh":
        bench.put(rejection(uuid4(), text))
    async with bench.consuming():
        await bench.until_read()
    highest: dict[object, int] = {}
    for commit in bench.clients[0].commits:
        assert commit
        for tp, offset in commit.items():
            assert offset > highest.get(tp, -1)
            highest[tp] = offset


async def test_i20_holes_in_the_offsets_neither_block_nor_skip(bench: Bench) -> None:
    batch = uuid4()
    for gap, text in enumerate("abcd"):
        bench.put(rejection(batch, text), gap=gap * 10)
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == list("abcd")
    assert max(bench.broker.committed.values()) == 64


async def test_i23_a_key_keeps_its_order_through_retries(bench: Bench) -> None:
    batch = uuid4()
    bench.script.errors["a"] = [TemporaryError(), ValueError(), TemporaryError()]
    for text in "abc":
        bench.put(rejection(batch, text))
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == list("abc")
    assert bench.script.calls == ["a", "a", "a", "a", "b", "c"]


async def test_an_error_out_of_a_task_group_is_an_error_and_no_cancellation(bench: Bench) -> None:
    for text, event in (("in", rejection(uuid4(), "in")), ("before", excess(uuid4(), "before"))):
        bench.script.errors_in_a_group[text] = [TemporaryError()]
        bench.put(event)
    async with bench.consuming():
        await bench.until_read()
    assert sorted(await bench.texts()) == ["before", "in"]
    assert sorted(bench.script.calls) == ["before", "before", "in", "in"]


async def test_i24_i30_a_key_that_waits_to_try_again_holds_up_no_other(bench: Bench) -> None:
    bench.script.errors["waits"] = [TemporaryError(retry_after=1000.0)]
    bench.put(rejection(UUID(int=2), "waits"))
    async with bench.consuming() as consumer:
        await bench.until(lambda: len(bench.handled) == 1, speed=0.0)
        bench.put(rejection(UUID(int=4), "goes on"))
        await bench.until(lambda: len(bench.handled) == 2, speed=0.0)
        assert await bench.texts() == ["goes on"]
        assert consumer.assignment is not None
        assert consumer.assignment.blocked_lanes == 1
        await bench.harness.clock.advance(999.0)
        assert len(bench.handled) == 2
        await bench.until_read()
    assert await bench.texts() == ["goes on", "waits"]


async def test_i24_what_waits_is_bounded(bench: Bench) -> None:
    batch, stop = uuid4(), bench.script.stop_at("first")
    bench.put(rejection(batch, "first"))
    for number in range(50):
        bench.put(rejection(batch, str(number)))
    async with bench.consuming(limits=Limits(records=10)) as consumer:
        await bench.until(lambda: "first" in bench.script.calls)
        for _ in range(20):
            await bench.harness.clock.advance(0.1)
            await asyncio.sleep(0.001)
        assert consumer.assignment is not None
        assert consumer.assignment.pending <= 10 + 500
        stop.set()
        await bench.until_read()
    assert await bench.texts() == ["first", *map(str, range(50))]


async def test_a_permanent_error_makes_a_dead_letter_at_once(bench: Bench) -> None:
    batch = uuid4()
    bench.script.errors["bad"] = [PermanentError("no such batch")] * 2
    event = bench.put(rejection(batch, "bad"))
    bench.put(rejection(batch, "good"))
    async with bench.consuming():
        await bench.until_read()
    assert bench.script.calls == ["bad", "bad", "good"]  # with the other, and then by itself
    assert await bench.texts() == ["good"]
    [letter] = await bench.harness.dead_letters.list()
    message = message_of(event)
    assert (letter.event_id, letter.payload, letter.key) == (
        event.event_id,
        message.value,
        message.key,
    )
    assert letter.headers == tuple(message.headers)
    assert (letter.error, letter.reason) == ("PermanentError", "no such batch")
    [announced, _] = await bench.harness.outgoing()
    assert announced.topic == dead_letter_topic(message.topic)
    assert announced.value == message.value
    assert set(message.headers) < set(announced.headers)


async def test_an_unknown_error_is_tried_a_few_times_and_then_a_dead_letter(bench: Bench) -> None:
    bench.script.errors["bug"] = [ValueError(str(number)) for number in range(100)]
    bench.put(rejection(uuid4(), "bug"))
    async with bench.consuming():
        await bench.until_read()
    assert len(bench.script.calls) == 5
    assert [handled.outcome for handled in bench.handled] == [
        *[Outcome.RETRY] * 4,
        Outcome.DEAD_LETTERED,
    ]
    assert await bench.texts() == []


async def test_i14_a_dead_letter_is_not_handled_when_it_is_delivered_again(bench: Bench) -> None:
    bench.script.errors["bad"] = [PermanentError()]
    event = bench.put(rejection(uuid4(), "bad"))
    async with bench.consuming():
        await bench.until_read()
    await bench.harness.redis.flushall()
    bench.put_again(event)
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == []
    assert len(await bench.harness.dead_letters.list()) == 1
    assert bench.handled[-1].outcome is Outcome.DUPLICATE


async def test_i33_a_replayed_dead_letter_keeps_its_id_and_takes_effect_once(bench: Bench) -> None:
    bench.script.errors["bad"] = [PermanentError()]
    event = bench.put(rejection(uuid4(), "bad"))
    async with bench.consuming():
        await bench.until_read()
    letters = bench.harness.dead_letters
    [letter] = await letters.list()
    await letters.replay(letter.id)
    with pytest.raises(LookupError):
        await letters.replay(letter.id)
    [_, again] = await bench.harness.outgoing()
    assert again == replace(message_of(event), offset=again.offset, headers=again.headers)
    assert tuple(again.headers) == tuple(message_of(event).headers)
    bench.broker.append(again)
    bench.broker.append(again)
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == ["bad"]
    assert (await letters.show(letter.id)).status is DeadLetterStatus.REPLAYED
    assert await letters.list() == []


async def test_a_dropped_dead_letter_is_settled(bench: Bench) -> None:
    bench.script.errors["bad"] = [PermanentError()]
    bench.put(rejection(uuid4(), "bad"))
    async with bench.consuming():
        await bench.until_read()
    [letter] = await bench.harness.dead_letters.list()
    await bench.harness.dead_letters.drop(letter.id)
    with pytest.raises(LookupError):
        await bench.harness.dead_letters.replay(letter.id)
    [dropped] = await bench.harness.dead_letters.list(status=DeadLetterStatus.DROPPED)
    assert dropped.id == letter.id


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="no body"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00", id="no text"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[" * 200_000, id="endless nesting"),
        pytest.param(b'{"event_id": "x"}', id="no envelope"),
    ],
)
async def test_i3_i31_i32_unreadable_bytes_become_a_dead_letter_and_the_loop_goes_on(
    bench: Bench, value: bytes | None
) -> None:
    batch = uuid4()
    good = rejection(batch, "good")
    bench.broker.append(replace(message_of(bench.put(good)), value=value, headers=[("x", b"\xff")]))
    bench.put(rejection(batch, "last"))
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == ["good", "last"]
    [letter] = await bench.harness.dead_letters.list()
    assert (letter.payload, letter.headers, letter.error) == (
        value,
        (("x", b"\xff"),),
        "PoisonMessage",
    )


async def test_i4_a_known_id_with_another_payload_is_a_dead_letter_without_redis_too(
    bench: Bench,
) -> None:
    event = bench.put(rejection(uuid4(), "first"))
    async with bench.consuming():
        await bench.until_read()
    await bench.harness.redis.flushall()
    changed = event.model_copy(update={"data": rejection(uuid4(), "second")})
    bench.put_again(changed)
    async with bench.consuming():
        await bench.until_read()
    assert await bench.texts() == ["first"]
    [letter] = await bench.harness.dead_letters.list()
    assert letter.error == "PayloadConflict"


async def test_i25_a_revocation_waits_for_what_is_under_way_and_commits_it(bench: Bench) -> None:
    stop = bench.script.stop_at("under way")
    bench.put(rejection(UUID(int=2), "under way"))
    bench.put(rejection(UUID(int=2), "not started"))
    async with bench.consuming():
        await bench.until(lambda: bench.script.calls == ["under way"])
        rebalance = asyncio.create_task(bench.broker.rebalance())
        await asyncio.sleep(0.01)
        assert not rebalance.done()
        generation = bench.broker.generation
        stop.set()
        await bench.until(rebalance.done)
        assert bench.broker.generation == generation + 1
        assert bench.script.calls[:1] == ["under way"]
        await bench.until_read()
    assert await bench.texts() == ["under way", "not started"]
    assert bench.script.calls == ["under way", "not started"]


async def test_i25_what_never_started_is_free_for_the_next_worker(bench: Bench) -> None:
    bench.script.errors["waits"] = [TemporaryError(retry_after=1000.0)]
    event = bench.put(rejection(UUID(int=2), "waits"))
    async with bench.consuming():
        await bench.until(lambda: len(bench.handled) == 1)
    assert await bench.harness.record(event.event_id) is None


async def test_i26_what_outlives_the_drain_budget_neither_commits_nor_keeps_its_lease(
    bench: Bench,
) -> None:
    bench.script.stop_at("endless")
    event = bench.put(rejection(UUID(int=2), "endless"))
    async with bench.consuming(drain_budget=0.05):
        await bench.until(lambda: bench.script.calls == ["endless"])
        rebalance = asyncio.create_task(bench.broker.rebalance())
        await bench.until(rebalance.done)
        assert bench.broker.committed == {}
        assert await bench.texts() == []
        bench.script.stops["endless"].set()
        await bench.until_read()
    assert await bench.texts() == ["endless"]
    record = await bench.harness.record(event.event_id)
    assert record is not None
    assert record.state == "completed"


async def test_i22_a_commit_after_the_groups_generation_has_passed_is_no_loss(
    bench: Bench,
) -> None:
    async with bench.consuming():
        await bench.until(lambda: bench.broker.generation == 1)
        bench.put(rejection(uuid4(), "a"))
        bench.broker.generation += 1  # the group has gone on without us
        await bench.until(lambda: len(bench.handled) == 1)
        await bench.harness.clock.advance(1.0)
        assert bench.broker.committed == {}
        await bench.broker.rebalance()
        await bench.until_read()
    assert await bench.texts() == ["a"]


async def test_i22_a_commit_that_a_rebalance_overtakes_is_not_sent_later(bench: Bench) -> None:
    late, worker = asyncio.Event(), await bench.harness.worker("consumer")
    held: list[str] = []

    async def hold_the_first(where: str) -> None:
        if where == "commit offsets" and not held:
            held.append(where)
            await late.wait()

    worker.process.step = hold_the_first
    batch = uuid4()
    bench.put(rejection(batch, "first"))
    async with bench.consuming(worker):
        await bench.until(lambda: bool(held))
        bench.put(rejection(batch, "second"))
        await bench.until(lambda: "second" in bench.script.calls)
        await bench.turning(bench.broker.rebalance())
        await bench.until_read()
        late.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert bench.broker.lag == 0


async def test_i27_a_rebalance_need_not_wait_for_a_poll_that_waits_for_records(
    bench: Bench,
) -> None:
    async with bench.consuming(poll_wait=600.0):
        await bench.until(lambda: bench.broker.generation == 1 and bench.clients[0].waiting)
        await bench.turning(bench.broker.rebalance())
        assert bench.broker.generation == 2
        assert bench.clients[0].waiting
        asyncio.get_running_loop().call_later(0.05, bench.put, rejection(uuid4(), "wakes it"))


async def test_i28_stopping_finishes_and_commits_what_is_under_way(bench: Bench) -> None:
    stop = bench.script.stop_at("under way")
    bench.put(rejection(UUID(int=2), "under way"))
    async with bench.consuming():
        await bench.until(lambda: bench.script.calls == ["under way"])
        asyncio.get_running_loop().call_later(0.05, stop.set)
    assert bench.broker.lag == 0
    assert await bench.texts() == ["under way"]


async def test_a_client_that_fails_is_replaced_and_nothing_is_lost(bench: Bench) -> None:
    async with bench.consuming():
        await bench.until(lambda: bench.broker.generation == 1)
        bench.clients[0].failure = KafkaError("the group is unknown")
        bench.put(rejection(uuid4(), "a"))
        await bench.until(lambda: len(bench.clients) == 2)
        bench.put(rejection(uuid4(), "b"))
        await bench.until_read()
    assert await bench.texts() == ["a", "b"]


async def test_i29_a_handler_that_kills_its_process_becomes_a_dead_letter(bench: Bench) -> None:
    bench.script.stop_at("deadly")
    bench.put(rejection(UUID(int=2), "deadly"))
    for deaths in range(1, 6):
        worker = await bench.harness.worker("victim")
        consumer = await bench.consumer(worker)
        await consumer.start()
        await bench.until(lambda: len(bench.script.calls) == deaths)  # noqa: B023 - awaited here
        await bench.kill(worker, consumer)
        await bench.harness.pass_liveness()
    async with bench.consuming():
        await bench.until_read()
    assert len(bench.script.calls) == 5
    [letter] = await bench.harness.dead_letters.list()
    assert "died 5 times" in letter.reason


async def test_i29_an_event_that_died_in_company_is_tried_alone_and_spared(bench: Bench) -> None:
    for name in ("deadly", "innocent"):
        bench.script.stop_at(name)
    bench.put(rejection(UUID(int=2), "deadly"))
    bench.put(excess(UUID(int=2), "innocent"))
    for _ in range(2):
        bench.script.calls.clear()
        worker = await bench.harness.worker("victim")
        consumer = await bench.consumer(worker)
        await consumer.start()
        await bench.until(lambda: set(bench.script.calls) == {"deadly", "innocent"})
        await bench.kill(worker, consumer)
        await bench.harness.pass_liveness()
    bench.script.calls.clear()
    async with bench.consuming():
        await bench.until(lambda: len(bench.script.calls) == 1)
        for _ in range(20):
            await bench.harness.clock.advance(0.1)
            await asyncio.sleep(0.001)
        [first] = bench.script.calls
        bench.script.stops[first].set()
        await bench.until(lambda: len(bench.script.calls) == 2)
        bench.script.stops[bench.script.calls[1]].set()
        await bench.until_read()
    assert sorted(await bench.texts()) == ["deadly", "innocent"]


async def test_an_event_waits_for_a_database_that_is_away_however_long(bench: Bench) -> None:
    bench.put(rejection(uuid4(), "a"))
    away = create_async_engine("postgresql+asyncpg://postgres@127.0.0.1:1/nowhere")
    worker = await bench.harness.worker("consumer")
    transactions = await worker.container.get(Transactions)
    there, transactions.engine = transactions.engine, away
    async with bench.consuming(worker):
        await bench.until(lambda: len(bench.handled) > 10)
        assert {handled.outcome for handled in bench.handled} == {Outcome.RETRY}
        assert bench.broker.committed == {}
        transactions.engine = there
        await bench.until_read()
    assert await bench.texts() == ["a"]
    assert await bench.harness.dead_letters.list() == []
    await away.dispose()


async def test_a_poll_loop_that_is_stuck_is_ended_and_its_work_goes_on(bench: Bench) -> None:
    async with bench.consuming() as consumer:
        await bench.until(lambda: consumer.assigned)
        bench.clients[0].stuck = True
        await bench.until(lambda: consumer.state.seconds_since_poll > 50)
        await consumer.check_alive()
        bench.put(rejection())
        await bench.until(lambda: len(bench.clients) > 1)
        await bench.until_read()
        await consumer.check()
    assert await bench.texts() == ["a"]


async def test_a_poll_loop_that_stays_stuck_is_neither_ready_nor_alive(bench: Bench) -> None:
    async with bench.consuming() as consumer:
        await bench.until(lambda: consumer.assigned)
        bench.clients[0].stuck = True
        bench.harness.clock.jump(61)
        with pytest.raises(RuntimeError, match="not come round for 61 s"):
            await consumer.check()
        await consumer.check_alive()
        bench.harness.clock.jump(300)
        with pytest.raises(RuntimeError, match="not come round for 361 s"):
            await consumer.check_alive()


async def test_a_worker_that_was_frozen_is_not_taken_for_stuck(bench: Bench) -> None:
    async with bench.consuming() as consumer:
        await bench.until(lambda: consumer.assigned)
        bench.harness.clock.jump(200)
        bench.put(rejection())
        await bench.until_read()
    assert len(bench.clients) == 1


async def test_a_cancellation_that_comes_out_of_the_client_does_not_end_the_consumer(
    bench: Bench,
) -> None:
    async with bench.consuming() as consumer:
        await bench.until(lambda: consumer.assigned)
        bench.clients[0].failure = asyncio.CancelledError()
        await bench.until(lambda: len(bench.clients) > 1)
        bench.put(rejection())
        await bench.until_read()
        await consumer.check_alive()


@pytest.mark.parametrize("failure", [asyncio.CancelledError(), KafkaError(), ValueError()])
async def test_a_client_that_cannot_be_stopped_in_order_does_not_end_the_consumer(
    bench: Bench, failure: BaseException
) -> None:
    async with bench.consuming() as consumer:
        await bench.until(lambda: consumer.assigned)
        bench.clients[0].failure_to_stop = failure
        bench.clients[0].failure = KafkaError("the group is gone")
        await bench.until(lambda: len(bench.clients) > 1)
        bench.put(rejection())
        await bench.until_read()
        await consumer.check_alive()


async def test_how_long_an_event_waits_for_another_worker_is_told(bench: Bench) -> None:
    event = message_of(bench.put(rejection()))
    worker = bench.harness.first
    claim = await worker.leases.claim(worker.processor.decode(event).identity)
    assert claim.lease is not None
    async with bench.consuming() as consumer:
        await bench.until(lambda: len(bench.handled) > 3)
        waited = consumer.state.oldest_unresolved_seconds
        await worker.leases.release(claim.lease, "unused")
        await bench.until_read()
        assert consumer.state.oldest_unresolved_seconds == 0
    *held, done = bench.handled
    assert {handled.lease_wait for handled in held} == {None}
    assert done.lease_wait is not None
    assert 1 < waited <= done.lease_wait < 5
