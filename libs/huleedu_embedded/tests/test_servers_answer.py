"""The servers as their clients see them."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from redis.asyncio import Redis

from huleedu_embedded.infrastructure import Infrastructure


async def test_postgres_keeps_what_it_is_told(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("CREATE TEMPORARY TABLE essay (name text)")
        await connection.execute("INSERT INTO essay VALUES ('hund och katt, åäö')")
        assert await connection.fetchval("SELECT name FROM essay") == "hund och katt, åäö"
    finally:
        await connection.close()


async def test_redis_claims_a_key_once_and_shows_the_present_holder(redis_url: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        assert await client.set("lease", "first", nx=True, px=60_000, get=True) is None
        assert await client.set("lease", "second", nx=True, px=60_000, get=True) == "first"


async def test_kafka_delivers_a_key_its_headers_and_its_value(
    infrastructure: Infrastructure,
) -> None:
    address = infrastructure.kafka_bootstrap_servers
    topic = "huleedu.test.delivery.v1"
    async with AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"text", key=b"essay", headers=[("event", b"1")])
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=address, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    assert (record.key, record.value, record.headers) == (b"essay", b"text", (("event", b"1"),))
