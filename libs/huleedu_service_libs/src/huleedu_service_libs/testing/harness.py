"""One service with its real handlers, wiring, database and migrations; time and Redis are turned.

    async with ServiceHarness(
        Settings(), router, providers=[SpellProvider(), Outside()], migrations=MIGRATIONS,
        postgres_url=postgres_url,
    ) as harness:
        handled = await harness.deliver(EssaySpellcheckRequestedV1(...))
        assert handled.outcome is Outcome.DONE
        [result] = await harness.emitted(SpellcheckResultV1)
        async with harness.session() as session:
            ...                                         # look at the service's tables

`deliver` runs the engine's whole path for one message: decode, claim, transaction with inbox and
outbox, confirmation. What the handler raises comes out of `deliver`; `attempt` gives the engine's
decision instead (retry, dead letter) and raises nothing. Only Kafka is missing.

`providers` come after the host's, so that a test replaces what reaches outside (other services over
HTTP) by providing the same type; nothing else should be replaced. `postgres_url` is the fixture of
that name. The database is `test_<service>`: made anew and migrated once per test session, emptied
for each harness. `harness.redis` is a `FakeRedis` on `harness.clock`.

`harness.worker(name)` is another process of the service as far as database and Redis can tell: its
own connections, its own wiring. `kill` ends one as `kill -9` does: nothing of it runs any more.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload
from uuid import UUID

import asyncpg
import redis.asyncio
import sqlalchemy as sa
from dishka import AsyncContainer, Provider, Scope
from pydantic import SecretStr, TypeAdapter
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from common_core.events.envelope import EventData, EventEnvelope
from common_core.topics import EVENTS, event_type_of
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.consumer.processing import Processor
from huleedu_service_libs.consumer.retry import History, RetryPolicy
from huleedu_service_libs.database import (
    create_database,
    create_engine,
    migrate,
    service_database_url,
)
from huleedu_service_libs.dead_letters import DeadLetters
from huleedu_service_libs.di import make_container
from huleedu_service_libs.handled import Handled
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.idempotency.leases import Lease, Leases
from huleedu_service_libs.inbox import inbox
from huleedu_service_libs.outbox.table import outbox, unpack_headers
from huleedu_service_libs.routing import Router
from huleedu_service_libs.testing.clock import FakeClock
from huleedu_service_libs.testing.fake_redis import FakeRedis
from huleedu_service_libs.testing.messages import StoredMessage, envelope_of, message_of
from huleedu_service_libs.testing.process import Process
from huleedu_service_libs.transaction import Transactions
from huleedu_service_libs.unit_of_work import UnitOfWork

Data = TypeVar("Data", bound=EventData)
Dependency = TypeVar("Dependency")

Result = TypeVar("Result")

_prepared: set[tuple[str, str]] = set()
"""The databases that this test session has made."""


@dataclass(frozen=True)
class Record:
    """A record of an event as read from Redis."""

    state: str
    worker: str
    token: str
    started_at: str
    fingerprint: str
    ttl_seconds: float


class HeldLeases(Leases):
    """Leases of a worker that a test can hold, or have fail, right before its COMMIT."""

    before_commit: Callable[[], Awaitable[None]] | None = None

    async def ensure_held(self, *leases: Lease) -> None:
        if self.before_commit is not None:
            await self.before_commit()
        await super().ensure_held(*leases)


@dataclass(eq=False)
class Worker:
    """One process of the service."""

    name: str
    container: AsyncContainer
    engine: AsyncEngine
    process: Process
    client: "redis.asyncio.Redis"
    leases: HeldLeases
    processor: Processor
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Run something of this process, until it is killed."""
        task = asyncio.create_task(work)
        self.tasks.append(task)
        return task


class ServiceHarness:
    """`async with` one for each test; see the module's docstring."""

    first: Worker
    transactions: Transactions
    """For effects that no event causes, as an HTTP request has them."""

    def __init__(
        self,
        settings: ServiceSettings,
        router: Router,
        *,
        providers: Sequence[Provider] = (),
        migrations: Path | None = None,
        postgres_url: str,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.redis = FakeRedis(self.clock)
        self.config = IdempotencyConfig(
            settings.service_name, event_type_ttls=router.completed_ttls
        )
        self._settings = settings.model_copy(update={"database_url": SecretStr(postgres_url)})
        self.router = router
        self._providers = providers
        self._migrations = migrations
        self._server = postgres_url
        self._retry = retry or RetryPolicy()
        self.workers: list[Worker] = []

    @property
    def database(self) -> str:
        return f"test_{self._settings.service_name}"

    @property
    def container(self) -> AsyncContainer:
        return self.first.container

    @property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self._engine, self.config.consumer_name)

    async def __aenter__(self) -> Self:
        if (self._server, self.database) not in _prepared:
            await self._prepare_database()
            _prepared.add((self._server, self.database))
        self._engine = create_engine(self._server, self.database)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        await _empty(self._engine)
        self.first = await self.worker("first")
        self.transactions = await self.first.container.get(Transactions)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in reversed(self.workers):
            worker.process.bury()
            for task in worker.tasks:
                task.cancel()
            await asyncio.gather(*worker.tasks, return_exceptions=True)
            await worker.leases.stop()
            await worker.container.close()
            await worker.engine.dispose()
        await self._engine.dispose()

    async def deliver(
        self,
        event: EventData | EventEnvelope[EventData] | Message,
        *,
        event_id: UUID | None = None,
        correlation_id: UUID | None = None,
    ) -> Handled:
        """Have the service handle it, as an event of its own unless it is an envelope or a message.

        Returns what happened. Raises what the handler raised, or what was wrong with the message.
        """
        handled = await self.attempt(
            self.message(event, event_id=event_id, correlation_id=correlation_id)
        )
        if handled.error is not None:
            raise handled.error
        return handled

    async def attempt(
        self, message: Message, *, history: History | None = None, worker: Worker | None = None
    ) -> Handled:
        """One attempt of the engine, by another worker if one is given. Never raises."""
        processor = (worker or self.first).processor
        return await processor.attempt(message, history or History())

    async def worker(self, name: str) -> Worker:
        """Another process of this service: its own wiring and connections, the same servers."""
        name = f"{name}-{uuid.uuid4().hex[:8]}"
        process = Process()
        engine = create_async_engine(
            service_database_url(self._server, self.database),
            connect_args={
                "server_settings": {"application_name": name},
                "connection_class": process.connection_class(),
            },
        )
        process.watch(engine)
        client = cast("redis.asyncio.Redis", self.redis.connection(process))
        leases = HeldLeases(client, self.config, worker=name, clock=self.clock)
        container = make_container(self._settings, *self._providers, _process(engine, client))
        processor = await Processor.create(
            self.router,
            container,
            leases=leases,
            transactions=await container.get(Transactions),
            retry=self._retry,
            clock=self.clock,
        )
        worker = Worker(name, container, engine, process, client, leases, processor)
        self.workers.append(worker)
        return worker

    async def kill(self, worker: Worker) -> None:
        """End it as `kill -9` does: its connections drop, nothing more of it is done."""
        worker.process.dead = True
        async with self.session() as session:
            await session.execute(_TERMINATE, {"name": worker.name})

    async def pass_liveness(self) -> None:
        """Let so much time pass that a killed worker is known to be dead."""
        await self.clock.advance(self.config.liveness_ttl_seconds + 0.1)

    async def record(self, event_id: UUID) -> Record | None:
        """What Redis holds of an event; None if nothing."""
        key = self.config.key(event_id)
        raw = await self.redis.get(key)
        if raw is None:
            return None
        return Record(**json.loads(raw), ttl_seconds=await self.redis.pttl(key) / 1000)

    async def snapshot(self) -> dict[str, list[str]]:
        """Every row of every table but the inbox: what a second delivery must not change."""
        async with self.session() as session:
            tables = [name for name in await session.scalars(_TABLES) if name != "inbox"]
            return {
                name: sorted(await session.scalars(sa.text(_ROWS.format(name)))) for name in tables
            }

    async def inbox_rows(self, event_id: UUID) -> int:
        async with self.session() as session:
            query = (
                sa.select(sa.func.count()).select_from(inbox).where(inbox.c.event_id == event_id)
            )
            return int(await session.scalar(query) or 0)

    def message(
        self,
        event: EventData | EventEnvelope[EventData] | Message,
        *,
        event_id: UUID | None = None,
        correlation_id: UUID | None = None,
    ) -> Message:
        """The event as it would lie in Kafka."""
        if isinstance(event, EventData):
            event = envelope_of(event, event_id=event_id, correlation_id=correlation_id)
        return message_of(event) if isinstance(event, EventEnvelope) else event

    @overload
    async def emitted(self) -> list[EventEnvelope[EventData]]: ...
    @overload
    async def emitted(self, model: type[Data]) -> list[EventEnvelope[Data]]: ...
    async def emitted(self, model: type[Data] | None = None) -> list[Any]:
        """The events in the outbox in order, those of one type if asked for."""
        query = sa.select(outbox.c.topic, outbox.c.payload).order_by(outbox.c.id)
        if model is not None:
            query = query.where(outbox.c.topic == event_type_of(model).topic)
        async with self.session() as session:
            rows = (await session.execute(query)).all()
        envelopes: dict[str, TypeAdapter[Any]] = {
            row.topic: TypeAdapter(cast("Any", EventEnvelope)[row.model]) for row in EVENTS
        }
        return [
            envelopes[row.topic].validate_json(row.payload)
            for row in rows
            if row.topic in envelopes
        ]

    async def outgoing(self) -> list[StoredMessage]:
        """The outbox as the messages that the relay would produce, dead letters included."""
        async with self.session() as session:
            rows = (await session.execute(sa.select(outbox).order_by(outbox.c.id))).all()
        return [
            StoredMessage(row.topic, 0, row.id, row.key, row.payload, unpack_headers(row.headers))
            for row in rows
        ]

    async def forget_emitted(self) -> None:
        """Empty the outbox, to see only what comes next."""
        async with self.session() as session:
            await session.execute(sa.delete(outbox))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session on the service's database; commits at the end."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """A transaction on the service's database; commits at the end."""
        async with UnitOfWork(self._engine) as unit:
            yield unit
            await unit.commit()

    async def get(self, dependency: type[Dependency]) -> Dependency:
        """What the service's container gives for that type."""
        return await self.container.get(dependency)

    async def _prepare_database(self) -> None:
        server = await asyncpg.connect(self._server)
        try:
            await server.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        finally:
            await server.close()
        await create_database(self._server, self.database)
        engine = create_engine(self._server, self.database)
        await migrate(engine, self._migrations)
        await engine.dispose()


_TERMINATE = sa.text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name"
)
_ROWS = 'SELECT t::text FROM "{}" t'
_TABLES = sa.text(
    "SELECT tablename FROM pg_tables"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename"
)


def _process(engine: AsyncEngine, client: "redis.asyncio.Redis") -> Provider:
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: engine, provides=AsyncEngine)
    provider.provide(lambda: client, provides=redis.asyncio.Redis)
    return provider


async def _empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        names = ", ".join(f'"{name}"' for name in await connection.scalars(_TABLES))
        if names:
            await connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
