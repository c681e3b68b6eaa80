"""One service as one process: HTTP, consumer, outbox relay and jobs, started and stopped in order.

`Service(...)` in a service's `app.py` is its table of contents. Starting: the HTTP server answers
`/healthz` at once, and `/readyz` when the database is migrated, the topics are there and the
consumer has its partitions.
Stopping (SIGTERM, SIGINT): no more events are taken, those under way finish or give their lease
back, offsets are committed, what is in the outbox is sent, and the process leaves.
"""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import structlog
from dishka import AsyncContainer, Provider
from hypercorn.asyncio import serve
from hypercorn.config import Config as HypercornConfig
from quart import Blueprint, Quart
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs import dead_letters, inbox
from huleedu_service_libs.condition import condition
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.consumer import Consumer, ConsumerConfig
from huleedu_service_libs.database import set_up
from huleedu_service_libs.di import make_container
from huleedu_service_libs.handled import Handled
from huleedu_service_libs.health import Check, Health, add_operations_routes
from huleedu_service_libs.http import attach_container, create_app
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.inbox import check_retention
from huleedu_service_libs.instrumentation import log_handled
from huleedu_service_libs.jobs import Job, every, injected, repeat
from huleedu_service_libs.kafka_clients import access
from huleedu_service_libs.logging_utils import configure_logging
from huleedu_service_libs.metrics import count_handled, measure, watch
from huleedu_service_libs.outbox.relay import Relay
from huleedu_service_libs.routing import Router
from huleedu_service_libs.topics import topics_of, wait_for_topics
from huleedu_service_libs.tracing import configure_tracing
from huleedu_service_libs.transaction import Transactions

log = structlog.get_logger()


class Service:
    """A service is what is different about it: its settings, handlers, routes, wiring and jobs.

    `migrations` is the folder with its own schema steps; a service without one has no database and
    so neither consumer nor relay.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        router: Router | None = None,
        blueprints: Sequence[Blueprint] = (),
        providers: Sequence[Provider] = (),
        migrations: Path | None = None,
        jobs: Sequence[Job] = (),
        prepare: Callable[..., Awaitable[None]] | None = None,
    ) -> None:
        self.settings = settings
        self.router = router
        self.blueprints = blueprints
        self.providers = providers
        self.migrations = migrations
        self.jobs = jobs
        self.prepare = prepare

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; the process's exit code is 0 then.

        ValueError for settings that contradict one another.
        """
        settings = self.settings
        if self.router is not None:
            check_consumption(settings, self.router)
        configure_logging(settings.service_name, settings.log_level, settings.log_format)
        provider = configure_tracing(settings.service_name, settings.otel_exporter_otlp_endpoint)
        try:
            asyncio.run(self._run_until_signal())
        finally:
            provider.shutdown()

    def app(self, container: AsyncContainer) -> Quart:
        """The service's HTTP side alone, for tests and for OpenAPI."""
        app = create_app(self.settings.service_name)
        attach_container(app, container)
        for blueprint in self.blueprints:
            app.register_blueprint(blueprint)
        return app

    async def _run_until_signal(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        running = asyncio.create_task(self._serve(stop))
        await running

    async def _serve(self, stop: asyncio.Event) -> None:
        container = make_container(self.settings, *self.providers)
        health = Health()
        app = self.app(container)
        add_operations_routes(app, health)
        try:
            async with asyncio.TaskGroup() as tasks:
                http_stop = asyncio.Event()
                tasks.create_task(serve(app, self._hypercorn(), shutdown_trigger=http_stop.wait))
                started = tasks.create_task(self._started(container, health, stop))
                await started
                http_stop.set()
        finally:
            await container.close()

    def _hypercorn(self) -> HypercornConfig:
        config = HypercornConfig()
        config.bind = [f"{self.settings.host}:{self.settings.port}"]
        config.graceful_timeout = 3.0
        config.accesslog = None
        config.errorlog = None
        config.include_server_header = False
        return config

    async def _started(
        self, container: AsyncContainer, health: Health, stop: asyncio.Event
    ) -> None:
        """Start everything behind the HTTP server, wait for `stop`, and end it in reverse order."""
        starting = asyncio.create_task(self._start(container, health))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
            stopping.cancel()
            return
        async with starting.result():
            log.info("ready", port=self.settings.port)
            await stopping
            health.stopping = True
            log.info("stopping")
        log.info("stopped")

    async def _start(self, container: AsyncContainer, health: Health) -> AsyncExitStack:
        settings = self.settings
        async with AsyncExitStack() as stack:
            redis = await container.get(Redis)
            health.add("redis", _redis_check(redis))
            engine: AsyncEngine | None = None
            if self.migrations is not None:
                server = settings.database_url.get_secret_value()
                engine = await container.get(AsyncEngine)
                await set_up(server, settings.service_name, engine, self.migrations)
                health.add("database", _database_check(engine))
            if self.prepare is not None:
                await injected(self.prepare, container)()
            if engine is not None:
                await prepare_topics(settings, self.router)
                relay = Relay(
                    engine,
                    settings.kafka_bootstrap_servers,
                    access=access(settings),
                    client_id=settings.service_name,
                )
                transactions = await container.get(Transactions)
                transactions.on_outgoing(relay.wake)
                await relay.start()
                stack.push_async_callback(relay.stop)
                health.add("broker", relay.check)
            consumer: Consumer | None = None
            if self.router is not None:
                running = consumer = Consumer(
                    self.router,
                    _consumer_config(settings, self.router),
                    redis,
                    await container.get(Transactions),
                    container,
                    observe=_observe,
                )
                watch(lambda: running.state)
                await consumer.start()
                stack.push_async_callback(consumer.stop)
                health.add("consumer", consumer.check)
                health.add_vital("consumer", consumer.check_alive)
            jobs = [*self.jobs, *([] if engine is None else _pruning(engine, settings))]
            for background in (*(repeat(job, container) for job in jobs), measure(engine)):
                stack.push_async_callback(_cancel, asyncio.create_task(background))
            health.condition = lambda batch_id: condition(
                settings.service_name, engine, consumer.state if consumer else None, batch_id
            )
            gc.collect()
            gc.freeze()  # what was loaded stays: no collection need look at it again
            health.started = True
            return stack.pop_all()


def _observe(handled: Handled) -> None:
    log_handled(handled)
    count_handled(handled)


def _consumer_config(settings: ServiceSettings, router: Router) -> ConsumerConfig:
    return ConsumerConfig(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        access=access(settings),
        idempotency=IdempotencyConfig(
            service_name=settings.service_name, event_type_ttls=router.completed_ttls
        ),
        session_timeout=settings.kafka_session_timeout_ms / 1000,
        drain_budget=settings.shutdown_seconds,
    )


def check_consumption(settings: ServiceSettings, router: Router) -> None:
    """ValueError if something is forgotten while it may still be needed.

    The inbox needs an event as long as something may deliver it again, a dead letter is needed as
    long as it may be replayed.
    """
    kept, replayed = settings.dead_letter_retention_seconds, settings.dead_letter_replay_seconds
    if kept < replayed:
        raise ValueError(
            f"dead_letter_retention_seconds={kept:g} is shorter than"
            f" dead_letter_replay_seconds={replayed:g}: nobody could replay them that long"
        )
    idempotency = _consumer_config(settings, router).idempotency
    check_retention(
        settings.inbox_retention_seconds,
        {
            "topic_retention_seconds": settings.topic_retention_seconds,
            "dead_letter_replay_seconds": settings.dead_letter_replay_seconds,
            "redelivery_gap_seconds": idempotency.redelivery_gap_seconds,
            "default_ttl_seconds": idempotency.default_ttl_seconds,
        }
        | {f"the TTL of {name}": ttl for name, ttl in idempotency.event_type_ttls.items()},
    )


async def prepare_topics(settings: ServiceSettings, router: Router | None) -> None:
    """ValueError if the inbox forgets an event while a topic still keeps it."""
    heard = router.topics if router is not None else ()
    kept = await wait_for_topics(
        settings.kafka_bootstrap_servers,
        topics_of(settings.service_name, heard),
        retention_seconds=settings.topic_retention_seconds,
        access=access(settings),
    )
    check_retention(
        settings.inbox_retention_seconds,
        {f"the retention of {topic}": kept[topic] for topic in heard},
    )


def _pruning(engine: AsyncEngine, settings: ServiceSettings) -> list[Job]:
    async def prune_inbox() -> None:
        await inbox.prune_all(engine, timedelta(seconds=settings.inbox_retention_seconds))

    async def prune_dead_letters() -> None:
        kept = timedelta(seconds=settings.dead_letter_retention_seconds)
        for number, event_type in await dead_letters.prune_all(engine, kept):
            log.warning("dead letter forgotten, undecided", id=number, event_type=event_type)

    pause = settings.inbox_prune_seconds
    return [every(pause, prune_inbox), every(pause, prune_dead_letters)]


def _database_check(engine: AsyncEngine) -> Check:
    async def check() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    return check


def _redis_check(redis: Redis) -> Check:
    async def check() -> None:
        await redis.ping()

    return check


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
