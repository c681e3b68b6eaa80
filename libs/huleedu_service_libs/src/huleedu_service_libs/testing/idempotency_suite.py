"""What every consuming service must keep, for each event it consumes; subclassed by its tests.

    class TestSpellIdempotency(IdempotencySuite):
        settings = Settings()
        router = router
        providers = (SpellProvider(), Outside())
        migrations = MIGRATIONS
        cases = (
            EventCase(EssaySpellcheckRequestedV1, build=request, effect=stored_results),
        )

`build` makes an event of that type that has an effect, `given` brings the service into the state
in which it has one, `effect` counts how often the effect is in the database (0 or 1). Messages go
through the service's real router, handlers, wiring, database and migrations; Redis is the double
that runs the real scripts, expires by the turned clock, interleaves, and fails.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from dishka import Provider
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.deletion_events import BatchDataDeletedV1, BatchDeletedV1
from common_core.events.envelope import EventData, EventEnvelope
from common_core.identifiers import BatchId
from common_core.topics import event_type_of
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.deletion import bar, barred_batches, batch_of
from huleedu_service_libs.errors import EventInProgress
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.idempotency import idempotent_consumer
from huleedu_service_libs.idempotency.decorator import Confirm
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.outbox.table import outbox
from huleedu_service_libs.routing import Router
from huleedu_service_libs.schema import messaging
from huleedu_service_libs.testing.confirmation import AsyncConfirmationTestHelper
from huleedu_service_libs.testing.harness import ServiceHarness, Worker
from huleedu_service_libs.testing.messages import envelope_of, message_of
from huleedu_service_libs.testing.shortcuts import Shortcut, closes

PROCESSING_TTL_SECONDS = 300
DEFAULT_COMPLETED_TTL_SECONDS = 86_400
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class EventCase:
    model: type[EventData]
    build: Callable[[], EventData]
    effect: Callable[[AsyncSession, Any], Awaitable[int]]
    given: Callable[[ServiceHarness, Any], Awaitable[None]] | None = None


def deletion_case(
    batch_id: UUID, given: Callable[[ServiceHarness, Any], Awaitable[None]]
) -> EventCase:
    """The deletion of the one batch that `given` brings in: no table of the service keeps a row.

    The confirmation names every table of the service: none was left out.
    """

    async def forgotten(session: AsyncSession, _data: BatchDeletedV1) -> int:
        confirmations = sa.select(outbox.c.payload).where(
            outbox.c.topic == event_type_of(BatchDataDeletedV1).topic
        )
        confirmation = await session.scalar(confirmations)
        if confirmation is None:
            return 0
        own = set(await session.scalars(_OWN_TABLES, {"messaging": list(messaging.tables)}))
        assert own <= json.loads(confirmation)["data"]["rows"].keys(), "a table was left out"
        for name in own:
            assert not await session.scalar(sa.select(sa.exists().select_from(sa.table(name))))
        barred = barred_batches.c.batch_id == batch_id
        return int(await session.scalar(sa.select(sa.func.count()).where(barred)) or 0)

    event = BatchDeletedV1(batch_id=BatchId(batch_id))
    return EventCase(BatchDeletedV1, lambda: event, forgotten, given)


_OWN_TABLES = sa.text(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    " AND tablename <> 'alembic_version' AND tablename <> ALL(CAST(:messaging AS text[]))"
)


class HandlerBug(Exception):  # noqa: N818 - what a handler may raise that nobody expects
    pass


@dataclass
class Situation:
    """One event about to be delivered to a service in the state where it has an effect."""

    harness: ServiceHarness
    case: EventCase
    event: EventEnvelope[EventData]
    message: Message

    async def effects(self) -> int:
        async with self.harness.session() as session:
            return await self.case.effect(session, self.event.data)

    async def state(self) -> str:
        record = await self.harness.record(self.event.event_id)
        return "absent" if record is None else record.state

    async def inbox_rows(self) -> int:
        return await self.harness.inbox_rows(self.event.event_id)

    async def attempt(self, worker: Worker | None = None) -> Outcome:
        """One attempt of the engine, bounded: a worker that waits for another one is a failure."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            handled = await self.harness.attempt(self.message, worker=worker)
        return handled.outcome

    async def first_done(
        self, attempts: set[asyncio.Task[Outcome]], count: int
    ) -> set[asyncio.Task[Outcome]]:
        """So many of the attempts, once they are over; meanwhile the clock goes on."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(done := {attempt for attempt in attempts if attempt.done()}) < count:
                await self.harness.clock.advance(0.1)
                await asyncio.wait(attempts - done, timeout=0.01)
        return done

    @property
    def completed_ttl_seconds(self) -> float:
        """What the service's router says for this type, or the documented default."""
        ttls = {route.event_type.model: route.completed_ttl_seconds for route in self.router}
        return ttls[self.case.model] or DEFAULT_COMPLETED_TTL_SECONDS

    @property
    def router(self) -> Router:
        return self.harness.router


class Checkpoint:
    """A place where a worker stops until it may go on, or is killed."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()
        self.visits = 0

    async def __call__(self) -> None:
        self.visits += 1
        self._reached.set()
        await self._open.wait()

    async def reached(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._reached.wait()

    def open(self) -> None:
        self._open.set()


class IdempotencySuite:
    settings: ClassVar[ServiceSettings]
    router: ClassVar[Router]
    providers: ClassVar[Sequence[Provider]] = ()
    migrations: ClassVar[Path | None] = None
    cases: ClassVar[Sequence[EventCase]]

    def __init_subclass__(cls) -> None:
        consumed = {route.event_type.model for route in cls.router}
        covered = {case.model for case in cls.cases}
        if consumed != covered:
            names = sorted(model.__name__ for model in consumed ^ covered)
            raise TypeError(f"{cls.__name__}: consumed and covered events differ in {names}")
        cls.pytestmark = pytest.mark.parametrize(  # type: ignore[attr-defined]  # pytest reads it
            "case", cls.cases, ids=[case.model.__name__ for case in cls.cases]
        )

    @pytest.fixture
    async def situation(self, postgres_url: str, case: EventCase) -> AsyncIterator[Situation]:
        async with ServiceHarness(
            self.settings,
            self.router,
            providers=self.providers,
            migrations=self.migrations,
            postgres_url=postgres_url,
        ) as harness:
            event = envelope_of(case.build())
            if case.given is not None:
                await case.given(harness, event.data)
            situation = Situation(harness, case, event, message_of(event))
            assert await situation.effects() == 0, "the effect is there before the event"
            yield situation

    @closes(Shortcut.SYNCHRONOUS_CONFIRMATION, Shortcut.HAND_BUILT_KEYS)
    async def test_async_confirmation_pattern(self, situation: Situation) -> None:
        """Committed, then confirmed; in between others are told that it is in progress."""
        harness, helper = situation.harness, AsyncConfirmationTestHelper()
        second = await harness.worker("second")
        first = harness.first.spawn(_controlled(harness.first, helper, situation.message))
        await helper.wait_for_processing_complete()

        record = await harness.record(situation.event.event_id)
        assert record is not None
        assert record.state == "processing"
        assert 0 < record.ttl_seconds <= PROCESSING_TTL_SECONDS
        assert record.worker == harness.first.name
        assert await situation.effects() == 1
        assert await situation.inbox_rows() == 1
        before = await harness.snapshot()
        with pytest.raises(EventInProgress) as told:
            await _plain(second, situation.message)
        assert told.value.retry_after_seconds > 0
        assert await situation.attempt(second) is Outcome.IN_PROGRESS
        assert await harness.snapshot() == before

        helper.allow_confirmation()
        await helper.wait_for_confirmation()
        assert await first is True
        record = await harness.record(situation.event.event_id)
        assert record is not None
        assert record.state == "completed"
        assert record.ttl_seconds == situation.completed_ttl_seconds
        assert await _plain(second, situation.message) is None
        assert await situation.attempt(second) is Outcome.DUPLICATE
        assert await harness.snapshot() == before

    @closes(Shortcut.SYNCHRONOUS_CONFIRMATION, Shortcut.IMMORTAL_WORKER)
    async def test_crash_before_confirmation(self, situation: Situation) -> None:
        """The record stays `processing`; the redelivery finds the inbox and does nothing twice."""
        harness, helper = situation.harness, AsyncConfirmationTestHelper()
        second = await harness.worker("second")
        harness.first.spawn(_controlled(harness.first, helper, situation.message))
        await helper.wait_for_processing_complete()
        before = await harness.snapshot()
        await harness.kill(harness.first)

        assert await situation.state() == "processing"
        assert await situation.attempt(second) is Outcome.IN_PROGRESS
        await harness.pass_liveness()
        assert await situation.state() == "processing"
        assert await situation.attempt(second) is Outcome.DUPLICATE
        assert await situation.state() == "completed"
        assert await situation.effects() == 1
        assert await harness.snapshot() == before

    @closes(Shortcut.IMMORTAL_WORKER)
    async def test_crash_before_commit(self, situation: Situation) -> None:
        """Nothing of the dead worker's transaction is left; the next worker does it all."""
        harness, checkpoint = situation.harness, Checkpoint()
        second = await harness.worker("second")
        harness.first.leases.before_commit = checkpoint
        harness.first.spawn(_plain(harness.first, situation.message))
        await checkpoint.reached()
        assert await situation.effects() == 0
        await harness.kill(harness.first)

        assert await situation.attempt(second) is Outcome.IN_PROGRESS
        await harness.pass_liveness()
        assert await situation.attempt(second) is Outcome.DONE
        assert await situation.effects() == 1
        assert await situation.inbox_rows() == 1
        assert await situation.state() == "completed"

    @closes(Shortcut.LONE_WORKER, Shortcut.TIMELESS_REDIS)
    async def test_concurrent_workers(self, situation: Situation) -> None:
        """While one worker is at it the others do not run; afterwards it is a duplicate to them."""
        harness, checkpoint = situation.harness, Checkpoint()
        others = [await harness.worker(name) for name in ("second", "third")]
        workers = [harness.first, *others]
        for worker in workers:
            worker.leases.before_commit = checkpoint
        racing = [worker.spawn(situation.attempt(worker)) for worker in workers]
        await checkpoint.reached()
        done, running = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        if len(running) > 1:
            finished, running = await asyncio.wait(running, timeout=1.0)
            done |= finished
        assert [task.result() for task in done] == [Outcome.IN_PROGRESS] * 2
        assert await situation.effects() == 0

        checkpoint.open()
        [winner] = running
        assert await winner is Outcome.DONE
        before = await harness.snapshot()
        assert [await situation.attempt(worker) for worker in workers] == [Outcome.DUPLICATE] * 3
        assert checkpoint.visits == 1
        assert await situation.effects() == 1
        assert await harness.snapshot() == before

    @closes(Shortcut.LONE_WORKER, Shortcut.TIMELESS_REDIS)
    async def test_slow_redis(self, situation: Situation) -> None:
        """However long commands take and however they interleave, one worker runs the handler."""
        harness, checkpoint = situation.harness, Checkpoint()
        workers = [harness.first, *[await harness.worker(name) for name in ("second", "third")]]
        for worker in workers:
            worker.leases.before_commit = checkpoint
        harness.redis.latency = 0.3
        racing = {worker.spawn(situation.attempt(worker)) for worker in workers}
        losers = await situation.first_done(racing, 2)
        assert [task.result() for task in losers] == [Outcome.IN_PROGRESS] * 2

        checkpoint.open()
        [winner] = await situation.first_done(racing - losers, 1)
        assert winner.result() is Outcome.DONE
        harness.redis.latency = 0.0
        assert checkpoint.visits == 1
        assert await situation.effects() == 1
        assert await situation.inbox_rows() == 1
        assert await situation.state() == "completed"

    @closes(Shortcut.IMMORTAL_WORKER)
    async def test_stale_lease(self, situation: Situation) -> None:
        """A worker that died with a lease before doing anything holds up nobody for long."""
        harness = situation.harness
        second = await harness.worker("second")
        identity = harness.first.processor.decode(situation.message).identity
        await harness.first.leases.claim(identity)
        await harness.kill(harness.first)

        assert await situation.attempt(second) is Outcome.IN_PROGRESS
        assert await situation.effects() == 0
        await harness.pass_liveness()
        assert await situation.attempt(second) is Outcome.DONE
        assert await situation.effects() == 1
        assert await situation.state() == "completed"

    @closes(Shortcut.UNVERIFIED_RELEASE)
    async def test_handler_error(self, situation: Situation) -> None:
        """It comes out unchanged after one call, the lease is given back, the next try succeeds."""
        harness, bug, calls = situation.harness, HandlerBug("no such thing"), 0

        async def fail() -> None:
            nonlocal calls
            calls += 1
            raise bug

        harness.first.leases.before_commit = fail
        with pytest.raises(HandlerBug) as raised:
            await _plain(harness.first, situation.message)
        assert raised.value is bug
        assert calls == 1
        assert await situation.state() == "absent"
        assert await situation.effects() == 0

        harness.first.leases.before_commit = None
        assert await _plain(harness.first, situation.message) is True
        assert await situation.effects() == 1
        assert await situation.state() == "completed"

    async def test_rollback(self, situation: Situation) -> None:
        """Without a commit there is no effect, no outgoing event and no inbox row."""
        harness = situation.harness
        before = await harness.snapshot()

        async def fail() -> None:
            raise HandlerBug

        harness.first.leases.before_commit = fail
        assert await situation.attempt() is Outcome.RETRY
        assert await harness.snapshot() == before
        assert await situation.inbox_rows() == 0
        assert await situation.effects() == 0

    @closes(Shortcut.EFFECTLESS_FAIL_OPEN)
    async def test_redis_outage(self, situation: Situation) -> None:
        """The inbox alone keeps the promise: the effect is there, once."""
        harness = situation.harness
        harness.redis.down = True
        assert await situation.attempt() is Outcome.DONE
        assert await situation.effects() == 1
        assert await situation.inbox_rows() == 1
        before = await harness.snapshot()
        assert await situation.attempt() is Outcome.DUPLICATE
        assert await harness.snapshot() == before

        harness.redis.down = False
        assert await situation.attempt(await harness.worker("second")) is Outcome.DUPLICATE
        assert await situation.effects() == 1
        assert await harness.snapshot() == before
        assert await situation.state() == "completed"

    @closes(Shortcut.FIRST_TTL_ONLY, Shortcut.TIMELESS_REDIS)
    async def test_ttl_of_each_state(self, situation: Situation) -> None:
        """As Redis says: 300 s at most while processing, then that of the event's type."""
        harness, checkpoint = situation.harness, Checkpoint()
        harness.first.leases.before_commit = checkpoint
        attempt = harness.first.spawn(situation.attempt())
        await checkpoint.reached()
        record = await harness.record(situation.event.event_id)
        assert record is not None
        assert (record.state, record.ttl_seconds) == ("processing", PROCESSING_TTL_SECONDS)

        checkpoint.open()
        assert await attempt is Outcome.DONE
        record = await harness.record(situation.event.event_id)
        assert record is not None
        assert (record.state, record.ttl_seconds) == ("completed", situation.completed_ttl_seconds)
        harness.clock.jump(situation.completed_ttl_seconds - 1)
        assert await situation.state() == "completed"
        harness.clock.jump(1)
        assert await situation.state() == "absent"

    async def test_deleted_batch(self, situation: Situation) -> None:
        """Of a deleted batch no event has an effect but those that tell of its deletion."""
        harness, data = situation.harness, situation.event.data
        batch_id = getattr(data, "batch_id", None)
        if batch_id is not None:
            async with harness.session() as session:
                await bar(session, batch_id)
        before = await harness.snapshot()
        outcome = await situation.attempt()
        if batch_of(data) is None:
            assert (outcome, await situation.effects()) == (Outcome.DONE, 1)
            return
        assert (outcome, await situation.effects()) == (Outcome.DUPLICATE, 0)
        assert await harness.snapshot() == before

    async def test_flushed_redis(self, situation: Situation) -> None:
        """Redis may forget everything: the redelivery finds the inbox."""
        harness = situation.harness
        assert await situation.attempt() is Outcome.DONE
        before = await harness.snapshot()
        await harness.redis.flushall()
        assert await situation.attempt() is Outcome.DUPLICATE
        assert await situation.effects() == 1
        assert await harness.snapshot() == before
        assert await situation.state() == "completed"


async def _plain(worker: Worker, message: Message) -> bool | None:
    """The service's processing under the public decorator."""
    handle = idempotent_consumer(
        redis_client=worker.client, config=worker.leases.config, leases=worker.leases
    )(worker.processor.process)
    return await handle(message)


async def _controlled(
    worker: Worker, helper: AsyncConfirmationTestHelper, message: Message
) -> bool | None:
    """As `_plain`, its confirmation held back by the helper."""

    async def process(msg: Message, /, *, confirm_idempotency: Confirm) -> bool:
        return await helper.process_with_controlled_confirmation(
            worker.processor.process, msg, confirm_idempotency
        )

    handle = idempotent_consumer(
        redis_client=worker.client, config=worker.leases.config, leases=worker.leases
    )(process)
    return await handle(message)
