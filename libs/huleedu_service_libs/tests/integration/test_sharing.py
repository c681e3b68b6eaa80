"""Several events in one transaction: all that holds for one alone holds for each of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common_core.events.envelope import EventEnvelope
from common_core.events.essay_events import EssayContentRejectedV1
from huleedu_service_libs.consumer.sharing import SharedTransactions
from huleedu_service_libs.handled import Handled, Outcome
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.routing import Router
from huleedu_service_libs.testing.harness import ServiceHarness, Worker
from huleedu_service_libs.testing.messages import envelope_of, message_of
from huleedu_service_libs.transaction import Transaction
from libs.huleedu_service_libs.tests import ledger_service
from libs.huleedu_service_libs.tests.consuming import Bench, ledger_bench
from libs.huleedu_service_libs.tests.facts import statements
from libs.huleedu_service_libs.tests.ledger_service import lines_of, rejection


class Base(DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "ledger"

    line: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    key: Mapped[str]
    text: Mapped[str]


Step = Callable[[EventEnvelope[EssayContentRejectedV1], AsyncSession], Awaitable[None]]


def router_of(steps: dict[str, Step]) -> Router:
    """A handler that does for each event what its text names."""
    router = Router()

    @router.on(EssayContentRejectedV1)
    async def step(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
        await steps[event.data.reason](event, tx.session)

    return router


@pytest.fixture
async def bench(postgres_url: str) -> AsyncIterator[Bench]:
    async with ledger_bench(postgres_url) as made:
        yield made


@pytest.fixture
async def harness(bench: Bench) -> ServiceHarness:
    return bench.harness


def service(router: Router, postgres_url: str) -> ServiceHarness:
    return ServiceHarness(
        ledger_service.settings(),
        router,
        migrations=ledger_service.MIGRATIONS,
        postgres_url=postgres_url,
    )


async def together(worker: Worker, messages: Sequence[Message]) -> list[Handled | None]:
    return await SharedTransactions(worker.processor).attempt_together(messages)


def outcomes(handled: Sequence[Handled | None]) -> list[Outcome | None]:
    return [None if each is None else each.outcome for each in handled]


async def effects(harness: ServiceHarness, messages: Sequence[Message]) -> list[int]:
    """How often each has taken effect."""
    async with harness.session() as session:
        counts = []
        for message in messages:
            data = harness.first.processor.decode(message).event.data
            assert isinstance(data, EssayContentRejectedV1)
            counts.append(await lines_of(session, data))
        return counts


async def test_i12_i16_one_of_everything_but_the_handlers_own_statements(
    harness: ServiceHarness,
) -> None:
    messages = [harness.message(rejection(reason=text)) for text in "abc"]
    harness.redis.commands.clear()
    with statements(harness.first.engine) as seen:
        handled = await together(harness.first, messages)
    assert outcomes(handled) == [Outcome.DONE] * 3
    assert [" ".join(statement.split()[:3]) for statement in seen] == [
        "BEGIN",
        "INSERT INTO inbox",
        *["INSERT INTO ledger"] * 3,
        "WITH locked AS",
        "COMMIT",
    ]
    assert harness.redis.commands == ["evalsha", "evalsha"]
    assert await effects(harness, messages) == [1, 1, 1]
    assert len(await harness.emitted()) == 3
    for message in messages:
        identity = harness.first.processor.decode(message).identity
        record = await harness.record(identity.event_id)
        assert record is not None
        assert record.state == "completed"
    assert outcomes(await together(harness.first, messages)) == [Outcome.DUPLICATE] * 3


async def test_i12_what_the_inbox_knows_is_not_handled_with_the_others(
    harness: ServiceHarness,
) -> None:
    known, new = (harness.message(rejection(reason=text)) for text in "ab")
    await harness.attempt(known)
    await harness.redis.flushall()
    handled = await together(harness.first, [known, new])
    assert outcomes(handled) == [Outcome.DUPLICATE, Outcome.DONE]
    assert await effects(harness, [known, new]) == [1, 1]


async def test_a_poison_in_the_middle_undoes_nothing_of_the_others(bench: Bench) -> None:
    bench.script.errors["bad"] = [ValueError("a bug")] * 99
    batch = uuid4()
    for text in ("first", "bad", "last"):
        bench.put(rejection(batch, text))
    for text in ("one", "two"):
        bench.put(rejection(uuid4(), text))
    async with bench.consuming():
        await bench.until_read()
    assert sorted(await bench.texts()) == ["first", "last", "one", "two"]
    assert [text for key, text in await bench.lines() if key == str(batch)] == ["first", "last"]
    [letter] = await bench.harness.dead_letters.list()
    assert (letter.error, letter.attempts) == ("ValueError", 5)
    tries = [each.attempt for each in bench.handled if each.event_id == letter.event_id]
    assert tries == [1, 2, 3, 4, 5], "failing together counts against nobody"
    assert bench.script.calls.count("bad") == 6


async def test_unreadable_bytes_and_what_follows_their_key_are_left_out(
    harness: ServiceHarness,
) -> None:
    batch = uuid4()
    first, second, other = (
        message_of(envelope_of(rejection(key, text)))
        for key, text in ((batch, "a"), (batch, "b"), (None, "c"))
    )
    unreadable = replace(first, value=b"{")
    handled = await together(harness.first, [unreadable, second, other])
    assert outcomes(handled) == [None, None, Outcome.DONE]
    assert await effects(harness, [second, other]) == [0, 1]


async def test_an_event_delivered_twice_at_once_takes_effect_once(bench: Bench) -> None:
    event = bench.put(rejection(uuid4(), "a"))
    bench.put_again(event)
    bench.put(rejection(uuid4(), "b"))
    async with bench.consuming():
        await bench.until_read()
    assert sorted(await bench.texts()) == ["a", "b"]


async def test_i9_i18_an_event_that_another_worker_has_is_left_to_it(
    harness: ServiceHarness,
) -> None:
    batch, second = uuid4(), await harness.worker("second")
    messages = [
        harness.message(rejection(key, text))
        for key, text in ((batch, "a"), (batch, "b"), (None, "c"))
    ]
    identity = second.processor.decode(messages[0]).identity
    await second.leases.claim(identity)
    handled = await together(harness.first, messages)
    assert outcomes(handled) == [Outcome.IN_PROGRESS, None, Outcome.DONE]
    assert await effects(harness, [messages[2]]) == [1]
    follower = harness.first.processor.decode(messages[1]).identity
    assert await harness.record(follower.event_id) is None, "it was given back"


async def test_i10_a_lease_lost_by_one_refuses_the_commit_of_all(harness: ServiceHarness) -> None:
    messages = [harness.message(rejection(reason=text)) for text in "abc"]
    identities = [harness.first.processor.decode(message).identity for message in messages]
    second = await harness.worker("second")

    async def lose() -> None:
        harness.first.leases.before_commit = None
        harness.clock.jump(harness.config.liveness_ttl_seconds)
        await second.leases.claim(identities[1])

    harness.first.leases.before_commit = lose
    assert outcomes(await together(harness.first, messages)) == [None] * 3
    assert await effects(harness, messages) == [0] * 3
    assert await harness.emitted() == []
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert [await harness.record(each.event_id) is None for each in identities] == [
        True,
        False,
        True,
    ], "only its own leases are given back"
    again = [(await harness.attempt(message)).outcome for message in messages]
    assert again == [Outcome.DONE, Outcome.IN_PROGRESS, Outcome.DONE]


@pytest.mark.parametrize("redis_remembers", [True, False])
async def test_i4_a_conflict_of_one_is_its_own(bench: Bench, *, redis_remembers: bool) -> None:
    event = bench.put(rejection(uuid4(), "known"))
    async with bench.consuming():
        await bench.until_read()
    if not redis_remembers:
        await bench.harness.redis.flushall()
    bench.put(rejection(uuid4(), "before"))
    bench.put_again(event.model_copy(update={"data": rejection(uuid4(), "changed")}))
    bench.put(rejection(uuid4(), "after"))
    async with bench.consuming():
        await bench.until_read()
    assert sorted(await bench.texts()) == ["after", "before", "known"]
    [letter] = await bench.harness.dead_letters.list()
    assert letter.error == "PayloadConflict"


async def test_i17_when_the_outcome_of_the_commit_is_unknown_nothing_is_said_of_any(
    harness: ServiceHarness,
) -> None:
    messages = [harness.message(rejection(reason=text)) for text in "abc"]
    identities = [harness.first.processor.decode(message).identity for message in messages]

    async def cut(where: str) -> None:
        if where == "COMMIT":
            harness.first.process.step = None
            async with harness.session() as session:
                await session.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                        " WHERE application_name = :name"
                    ),
                    {"name": harness.first.name},
                )

    harness.first.process.step = cut
    handled = await together(harness.first, messages)
    assert outcomes(handled) == [Outcome.RETRY] * 3
    assert {type(each.error).__name__ for each in handled if each} == {"CommitOutcomeUnknown"}
    records = [await harness.record(each.event_id) for each in identities]
    assert [record.state if record else None for record in records] == ["processing"] * 3
    assert [(await harness.attempt(message)).outcome for message in messages] == [Outcome.DONE] * 3
    assert await effects(harness, messages) == [1] * 3


async def test_i26_what_is_cancelled_together_commits_nothing_and_keeps_no_lease(
    bench: Bench,
) -> None:
    bench.script.stop_at("endless")
    events = [bench.put(rejection(uuid4(), text)) for text in ("a", "endless", "b")]
    async with bench.consuming(drain_budget=0.05):
        await bench.until(lambda: "endless" in bench.script.calls)
    assert bench.broker.committed == {}
    assert await bench.texts() == []
    for event in events:
        assert await bench.harness.record(event.event_id) is None


async def test_i29_one_that_kills_its_worker_is_kept_from_company(bench: Bench) -> None:
    bench.script.stop_at("deadly")
    for text in ("before", "deadly", "after"):
        bench.put(rejection(UUID(int=2), text))
    bench.put(rejection(UUID(int=4), "other"))
    deaths = 0
    while await bench.harness.dead_letters.list() == []:
        bench.script.calls.clear()
        worker = await bench.harness.worker("victim")
        consumer = await bench.consumer(worker)
        await consumer.start()
        await bench.until(lambda: "deadly" in bench.script.calls or bench.broker.lag == 0)
        deaths += "deadly" in bench.script.calls
        await bench.kill(worker, consumer)
        await bench.harness.pass_liveness()
    assert deaths == 5
    async with bench.consuming():
        await bench.until_read()
    assert sorted(await bench.texts()) == ["after", "before", "other"]


async def test_i16_workers_with_the_same_events_in_other_orders_do_not_deadlock(
    harness: ServiceHarness,
) -> None:
    """Without leases: Redis is away, so that both try at once."""
    harness.redis.down = True
    random, second = Random(7), await harness.worker("second")
    for _ in range(5):
        messages = [harness.message(rejection(reason=str(number))) for number in range(12)]
        shuffled = random.sample(messages, len(messages))
        first_seen, second_seen = await asyncio.gather(
            together(harness.first, messages), together(second, shuffled)
        )
        for handled in (first_seen, second_seen):
            assert None not in outcomes(handled)
        assert await effects(harness, messages) == [1] * 12


async def test_handlers_that_lock_rows_in_other_orders_undo_one_transaction_and_no_event(
    bench: Bench,
) -> None:
    """What they lock does not follow from their keys, so that no order of ours can help."""
    second = await bench.harness.worker("second")
    met, waiting = asyncio.Event(), 0

    async def lock(event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession) -> None:
        nonlocal waiting
        await session.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext(:row))"), {"row": event.data.file_name}
        )
        waiting += 1
        if waiting == 2:
            met.set()
        await met.wait()
        session.add(
            Line(event_id=event.event_id, key=str(event.data.batch_id), text=event.data.reason)
        )

    router = router_of({"lock": lock})
    for worker in (bench.harness.first, second):
        worker.processor._router = router
        worker.processor._dependencies = {route.event_type.topic: {} for route in router}

    def event(key: int, row: str) -> Message:
        data = rejection(UUID(int=key), "lock").model_copy(update={"file_name": row})
        return bench.harness.message(data)

    ours, theirs = [event(1, "x"), event(3, "y")], [event(2, "y"), event(4, "x")]
    handled = await asyncio.gather(together(bench.harness.first, ours), together(second, theirs))
    assert sorted(map(str, map(outcomes, handled))) == sorted(
        map(str, ([None, None], [Outcome.DONE, Outcome.DONE]))
    )
    for message in (*ours, *theirs):
        await bench.harness.attempt(message)
    assert await effects(bench.harness, [*ours, *theirs]) == [1] * 4


async def test_what_handlers_add_is_written_together_unless_one_looks(postgres_url: str) -> None:
    async def add(event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession) -> None:
        session.add(Line(event_id=event.event_id, key="k", text=event.data.reason))

    async def look(event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession) -> None:
        count = sa.text("SELECT count(*) FROM ledger")  # which flushes nothing by itself
        seen = str(await session.scalar(count))
        session.add(Line(event_id=event.event_id, key="k", text=seen))

    async with service(router_of({"add": add, "look": look}), postgres_url) as harness:
        for texts, inserts in ((["add"] * 3, 1), (["add", "add", "look", "add"], 2)):
            messages = [
                harness.message(rejection(UUID(int=number), text))
                for number, text in enumerate(texts)
            ]
            with statements(harness.first.engine) as seen:
                assert None not in await together(harness.first, messages)
            assert sum(each.startswith("INSERT INTO ledger") for each in seen) == inserts
        async with harness.session() as session:
            texts = list(await session.scalars(sa.select(Line.text).order_by(Line.line)))
    assert texts == ["add", "add", "add", "add", "add", "5", "add"]


async def test_the_drivers_connection_finds_what_handlers_before_have_added(
    postgres_url: str,
) -> None:
    router = Router()

    @router.on(EssayContentRejectedV1)
    async def count(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
        connection = await tx.connection()
        seen = await connection.fetchval("SELECT count(*) FROM ledger")
        tx.session.add(Line(event_id=event.event_id, key="k", text=str(seen)))

    async with service(router, postgres_url) as harness:
        messages = [harness.message(rejection(UUID(int=number), "")) for number in range(3)]
        assert None not in await together(harness.first, messages)
        async with harness.session() as session:
            texts = list(await session.scalars(sa.select(Line.text).order_by(Line.line)))
    assert texts == ["0", "1", "2"]


async def test_no_handler_sees_what_an_earlier_one_has_read_and_each_what_it_has_changed(
    postgres_url: str,
) -> None:
    kept: list[Line] = []

    async def read_and_change(
        event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession
    ) -> None:
        line = await session.get_one(Line, 1)
        line.text += event.data.code
        kept.append(line)  # so that the session keeps it too

    async def change_behind_the_session(
        event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession
    ) -> None:
        await session.execute(sa.text("UPDATE ledger SET text = text || '!' WHERE line = 1"))

    router = router_of({"change": read_and_change, "behind": change_behind_the_session})
    async with service(router, postgres_url) as harness:
        async with harness.session() as session:
            session.add(Line(event_id=uuid4(), key="k", text=""))
        messages = [
            harness.message(rejection(UUID(int=number), text))
            for number, text in enumerate(["change", "behind", "change", "behind"])
        ]
        assert None not in await together(harness.first, messages)
        async with harness.session() as session:
            assert await session.scalar(sa.select(Line.text)) == "unreadable!unreadable!"


@pytest.mark.parametrize("company", [True, False])
async def test_i14_a_failed_statement_that_its_handler_hides_is_no_success(
    postgres_url: str, *, company: bool
) -> None:
    """PostgreSQL answers COMMIT with a rollback then, which no driver takes for an error."""

    async def hide(event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession) -> None:
        try:
            await session.execute(sa.text("SELECT 1 / 0"))
        except DBAPIError:
            return

    async def do_nothing(
        event: EventEnvelope[EssayContentRejectedV1], session: AsyncSession
    ) -> None:
        return

    async with service(router_of({"hide": hide, "not": do_nothing}), postgres_url) as harness:
        message = harness.message(rejection(UUID(int=9), "hide"))
        if company:
            other = harness.message(rejection(UUID(int=1), "not"))
            assert outcomes(await together(harness.first, [other, message])) == [None, None]
        else:
            assert (await harness.attempt(message)).outcome is Outcome.RETRY
        identity = harness.first.processor.decode(message).identity
        assert await harness.inbox_rows(identity.event_id) == 0


async def test_a_handler_that_waits_long_does_not_hold_up_the_others(bench: Bench) -> None:
    stop = bench.script.stop_at("waits")
    messages = [bench.harness.message(rejection(reason=text)) for text in ("a", "waits", "b")]
    processor = bench.harness.first.processor
    impatient = SharedTransactions(processor, longest_seconds=0.05)
    assert outcomes(await impatient.attempt_together(messages)) == [None] * 3
    stop.set()
    patient = SharedTransactions(processor, longest_seconds=30.0)
    assert outcomes(await patient.attempt_together(messages)) == [Outcome.DONE] * 3
