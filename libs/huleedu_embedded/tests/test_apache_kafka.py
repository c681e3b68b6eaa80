"""Apache Kafka as tests and measurements start it; left out where it cannot run."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from scripts.kafka.broker import ApacheKafka

PROGRAM = """
import signal
from scripts.kafka.broker import ApacheKafka
with ApacheKafka() as kafka:
    print(kafka.pid, flush=True)
    signal.pause()
"""
TOPIC = "essays"

pytestmark = pytest.mark.apache_kafka


@pytest.fixture
def kafka() -> Iterator[ApacheKafka]:
    with ApacheKafka() as running:
        yield running


async def create_topic(kafka: ApacheKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 3, 1)])
    finally:
        await admin.close()


async def produce(kafka: ApacheKafka, value: bytes) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, acks="all", request_timeout_ms=20_000
    ) as producer:
        await producer.send_and_wait(TOPIC, value)


async def read(kafka: ApacheKafka, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        return sorted([(await consumer.getone()).value for _ in range(count)])


async def test_what_was_acknowledged_is_there_after_kill_and_start(kafka: ApacheKafka) -> None:
    await create_topic(kafka)
    await produce(kafka, b"before")
    address, first = kafka.bootstrap_servers, kafka.pid

    kafka.kill()
    assert not kafka.is_running
    kafka.start()

    assert (kafka.bootstrap_servers, kafka.pid != first) == (address, True)
    await produce(kafka, b"then")
    assert await read(kafka, 2) == [b"before", b"then"]


async def test_it_goes_on_after_a_pause(kafka: ApacheKafka) -> None:
    await create_topic(kafka)
    kafka.pause()
    while state_of(kafka.pid) != "T":  # noqa: ASYNC110 - the fact is in another process
        await asyncio.sleep(0.01)
    kafka.resume()
    await produce(kafka, b"after")
    assert await read(kafka, 1) == [b"after"]


async def test_data_in_a_given_folder_outlives_the_broker(tmp_path: Path) -> None:
    with ApacheKafka(tmp_path) as first:
        await create_topic(first)
        await produce(first, b"kept")
    with ApacheKafka(tmp_path) as second:
        assert await read(second, 1) == [b"kept"]


def test_it_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    program = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert program.stdout is not None
    broker = int(program.stdout.readline())
    program.send_signal(signal.SIGKILL)
    program.wait()
    program.stdout.close()
    deadline = time.monotonic() + 10
    while state_of(broker) not in (None, "Z"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state_of(pid: int) -> str | None:
    """How the system calls what a process does (T: stopped, Z: dead); None if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return None
