"""The servers and the counting that the measurements of messaging share."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_embedded.infrastructure import Infrastructure, infrastructure
from huleedu_service_libs.database import create_database, create_engine, migrate
from huleedu_service_libs.redis_client import connection_pool
from scripts.kafka.broker import ApacheKafka


@dataclass
class Count:
    """Commands sent, one for each time that somebody waits for a server."""

    redis: int = 0
    sql: int = 0


class CountingRedis(Redis):
    """A client that counts its commands; a script is one."""

    count: Count

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.count.redis += 1
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def redis_client(url: str, count: Count) -> CountingRedis:
    client = CountingRedis(connection_pool=connection_pool(url))
    client.count = count
    return client


def count_asyncpg(connection: Any, count: Count) -> None:
    """What asyncpg is asked for directly: BEGIN, COMMIT and the twin's statements."""

    def note(_query: Any) -> None:
        count.sql += 1

    connection.add_query_logger(note)


def count_engine(engine: AsyncEngine, count: Count) -> None:
    """What SQLAlchemy sends, its BEGIN and COMMIT and whatever it does beside included."""

    def connected(adapted: Any, _record: Any) -> None:
        count_asyncpg(adapted.driver_connection, count)

    def executed(*_: Any) -> None:
        count.sql += 1

    sa.event.listen(engine.sync_engine, "connect", connected)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", executed)


@contextmanager
def servers(topics: dict[str, int], *, apache: bool) -> Iterator[tuple[Infrastructure, str]]:
    """Embedded, but for the broker if Apache Kafka is asked for; and what the broker is.

    In a folder of their own, so that PostgreSQL writes to the disk what it commits.
    """
    kafka: AbstractContextManager[ApacheKafka | None] = ApacheKafka() if apache else nullcontext()
    with (
        kafka as broker,
        tempfile.TemporaryDirectory(prefix="huleedu-bench-") as folder,
        infrastructure(Path(folder), topics=topics) as running,
    ):
        if broker is None:
            yield running, "embedded"
        else:
            addresses = Infrastructure(
                broker.bootstrap_servers, running.redis_url, running.database_url, running.directory
            )
            yield addresses, "Apache Kafka"


async def make_topics(bootstrap_servers: str, topics: dict[str, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        missing = [
            NewTopic(name, num_partitions=partitions, replication_factor=1)
            for name, partitions in topics.items()
            if name not in there
        ]
        if missing:
            await admin.create_topics(missing)
    finally:
        await admin.close()


@asynccontextmanager
async def database(server_url: str, name: str) -> AsyncIterator[AsyncEngine]:
    """Made anew with the tables of messaging; the engine is a service's."""
    server = await asyncpg.connect(server_url)
    try:
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await server.close()
    await create_database(server_url, name)
    engine = create_engine(server_url, name)
    try:
        await migrate(engine, None)
        yield engine
    finally:
        await engine.dispose()
