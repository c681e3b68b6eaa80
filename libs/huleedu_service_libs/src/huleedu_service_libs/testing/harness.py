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
for each harness. `harness.redis` is a `FakeRedis` on `harness.clock` unless one is given.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload
from uuid import UUID

import asyncpg
import redis.asyncio
import sqlalchemy as sa
from dishka import AsyncContainer, Provider, Scope
from pydantic import SecretStr, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from common_core.events.envelope import EventData, EventEnvelope
from common_core.topics import EVENTS, event_type_of
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.consumer.processing import Processor
from huleedu_service_libs.consumer.retry import History, RetryPolicy
from huleedu_service_libs.database import create_database, create_engine, migrate
from huleedu_service_libs.dead_letters import DeadLetters
from huleedu_service_libs.di import make_container
from huleedu_service_libs.handled import Handled
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.idempotency.identity import Message
from huleedu_service_libs.idempotency.leases import Leases
from huleedu_service_libs.outbox.table import outbox, unpack_headers
from huleedu_service_libs.routing import Router
from huleedu_service_libs.testing.clock import FakeClock
from huleedu_service_libs.testing.fake_redis import FakeRedis
from huleedu_service_libs.testing.messages import StoredMessage, envelope_of, message_of
from huleedu_service_libs.transaction import Transactions

Data = TypeVar("Data", bound=EventData)
Dependency = TypeVar("Dependency")

_prepared: set[tuple[str, str]] = set()
"""The databases that this test session has made."""


class ServiceHarness:
    container: AsyncContainer
    transactions: Transactions
    dead_letters: DeadLetters

    def __init__(
        self,
        settings: ServiceSettings,
        router: Router,
        *,
        providers: Sequence[Provider] = (),
        migrations: Path | None = None,
        postgres_url: str,
        client: "redis.asyncio.Redis | None" = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.redis = FakeRedis(self.clock)
        self.config = IdempotencyConfig(
            settings.service_name, event_type_ttls=router.completed_ttls
        )
        self._client = client or cast("redis.asyncio.Redis", self.redis)
        self._settings = settings.model_copy(update={"database_url": SecretStr(postgres_url)})
        self._router = router
        self._providers = providers
        self._migrations = migrations
        self._server = postgres_url
        self._retry = retry or RetryPolicy()
        self._stack = AsyncExitStack()

    @property
    def database(self) -> str:
        return f"test_{self._settings.service_name}"

    async def __aenter__(self) -> Self:
        engine = create_engine(self._server, self.database)
        self._stack.push_async_callback(engine.dispose)
        if (self._server, self.database) not in _prepared:
            await _drop_database(self._server, self.database)
            await create_database(self._server, self.database)
            await migrate(engine, self._migrations)
            _prepared.add((self._server, self.database))
        await _empty(engine)
        self.container = make_container(self._settings, *self._providers, self._own(engine))
        self._stack.push_async_callback(self.container.close)
        self.transactions = await self.container.get(Transactions)
        self.dead_letters = DeadLetters(self.transactions.sessions, self.config.consumer_name)
        self._worker = await self.worker("first")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

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
        self, message: Message, *, history: History | None = None, worker: Processor | None = None
    ) -> Handled:
        """One attempt of the engine, by another worker if one is given. Never raises."""
        return await (worker or self._worker).attempt(message, history or History())

    async def worker(self, name: str) -> Processor:
        """Another process of this service, as far as leases can tell: same database, same Redis."""
        leases = Leases(
            self._client, self.config, worker=f"{name}-{uuid.uuid4().hex[:8]}", clock=self.clock
        )
        self._stack.push_async_callback(leases.stop)
        return await Processor.create(
            self._router,
            self.container,
            leases=leases,
            transactions=self.transactions,
            retry=self._retry,
            clock=self.clock,
        )

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
        async with self.transactions.sessions.begin() as session:
            yield session

    async def get(self, dependency: type[Dependency]) -> Dependency:
        """What the service's container gives for that type."""
        return await self.container.get(dependency)

    def _own(self, engine: AsyncEngine) -> Provider:
        provider = Provider(scope=Scope.APP)
        provider.provide(lambda: engine, provides=AsyncEngine)
        provider.provide(lambda: self._client, provides=redis.asyncio.Redis)
        return provider


async def _drop_database(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def _empty(engine: AsyncEngine) -> None:
    tables = sa.text(
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables"
        " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    async with engine.begin() as connection:
        names = await connection.scalar(tables)
        if names:
            await connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
