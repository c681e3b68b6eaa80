"""Measure the outbox relay beside one that sends and deletes row by row, on the same servers.

Rows of some keys lie in the outbox; measured is the time from the relay's start until the last of
them is gone, and so acknowledged by all replicas. Each topic is then read: every row is there once,
in the order of its key.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import asyncpg
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_embedded.infrastructure import Infrastructure
from huleedu_service_libs.logging_utils import configure_logging
from huleedu_service_libs.outbox.relay import Relay
from huleedu_service_libs.outbox.table import pack_headers, unpack_headers
from scripts.bench._stack import database, make_topics, servers

DATABASE = "bench_relay"
PARTITIONS = 6
KEYS = 300
TOPICS = {"bench.row-by-row": PARTITIONS, "bench.library": PARTITIONS}
TARGET = 20_000
PAYLOAD = b'{"number": %d, "what": "as long as a small event without its texts is"}'


async def fill(engine: AsyncEngine, topic: str, rows: int) -> None:
    packed = pack_headers([("event_type", b"Measured"), ("source_service", b"bench")])
    insert = sa.text(
        "INSERT INTO outbox (topic, key, headers, payload)"
        " SELECT :topic, key, :headers, payload FROM unnest("
        " CAST(:keys AS bytea[]), CAST(:payloads AS bytea[])) AS new (key, payload)"
    )
    async with engine.begin() as connection:
        for start in range(0, rows, 5_000):
            numbers = range(start, min(start + 5_000, rows))
            parameters = {
                "topic": topic,
                "headers": packed,
                "keys": [b"key %d" % (number % KEYS) for number in numbers],
                "payloads": [PAYLOAD % number for number in numbers],
            }
            await connection.execute(insert, parameters)


async def row_by_row(addresses: Infrastructure, _engine: AsyncEngine, gone: asyncio.Event) -> None:
    """SELECT some, and for each row: send, wait for the acknowledgement, DELETE."""
    producer = AIOKafkaProducer(
        bootstrap_servers=addresses.kafka_bootstrap_servers, acks="all", enable_idempotence=True
    )
    await producer.start()
    connection = await asyncpg.connect(_dsn(addresses))
    try:
        while not gone.is_set():
            rows = await connection.fetch(
                "SELECT id, topic, key, headers, payload FROM outbox ORDER BY id LIMIT 100"
            )
            for row in rows:
                headers = list(unpack_headers(row["headers"]))
                await producer.send_and_wait(
                    row["topic"], row["payload"], key=row["key"], headers=headers
                )
                await connection.execute("DELETE FROM outbox WHERE id = $1", row["id"])
            await asyncio.sleep(0)
    finally:
        await connection.close()
        await producer.stop()


async def ours(addresses: Infrastructure, engine: AsyncEngine, gone: asyncio.Event) -> None:
    relay = Relay(engine, addresses.kafka_bootstrap_servers)
    await relay.start()
    await gone.wait()
    await relay.stop()


def _dsn(addresses: Infrastructure) -> str:
    server = sa.make_url(addresses.database_url)
    return server.set(database=DATABASE).render_as_string(hide_password=False)


async def until_empty(engine: AsyncEngine) -> None:
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        while await connection.scalar(sa.text("SELECT EXISTS (SELECT FROM outbox)")):  # noqa: ASYNC110 - the database has no event of ours
            await asyncio.sleep(0.02)


async def check(addresses: Infrastructure, topic: str, rows: int) -> None:
    """RuntimeError unless each row was sent once and in the order of its key."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=addresses.kafka_bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    seen: dict[bytes, list[int]] = {}
    found = 0
    try:
        async with asyncio.timeout(60):
            while found < rows:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        number = int(record.value.split(b" ", 2)[1].rstrip(b","))
                        seen.setdefault(record.key, []).append(number)
                        found += 1
    finally:
        await consumer.stop()
    for numbers in seen.values():
        if any(after != before + KEYS for before, after in itertools.pairwise(numbers)):
            raise RuntimeError(f"out of order, lost or repeated: {numbers}")


Way = Callable[[Infrastructure, AsyncEngine, asyncio.Event], Awaitable[None]]


async def measure(addresses: Infrastructure, given: argparse.Namespace) -> None:
    ways: dict[str, tuple[Way, int]] = {
        "a row at a time": (row_by_row, given.rows // 40),
        "library": (ours, given.rows),
    }
    await make_topics(addresses.kafka_bootstrap_servers, TOPICS)
    rates: dict[str, float] = {}
    async with database(addresses.database_url, DATABASE) as engine:
        for (name, (way, rows)), topic in zip(ways.items(), TOPICS, strict=True):
            await fill(engine, topic, rows)
            gone = asyncio.Event()
            began = time.perf_counter()
            working: asyncio.Future[None] = asyncio.ensure_future(way(addresses, engine, gone))
            emptied = asyncio.ensure_future(until_empty(engine))
            await asyncio.wait([working, emptied], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                emptied.cancel()
                working.result()
            await emptied
            rates[name] = rows / (time.perf_counter() - began)
            gone.set()
            await working
            print(f"{name:24}{rates[name]:12,.0f} rows/s   ({rows:,} rows)", flush=True)
            await check(addresses, topic, rows)
    ratio = rates["library"] / rates["a row at a time"]
    word = "reached" if rates["library"] >= TARGET else "MISSED"
    print(f"{ratio:.0f} times as fast, in order; target {TARGET:,} rows/s: {word}")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench relay", description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--apache-kafka", action="store_true", help="instead of the embedded one")
    given = parser.parse_args(arguments)
    configure_logging("bench", "WARNING", "json")
    with servers(TOPICS, apache=given.apache_kafka) as (addresses, broker):
        print(f"broker: {broker}; {KEYS} keys, {PARTITIONS} partitions")
        asyncio.run(measure(addresses, given))
