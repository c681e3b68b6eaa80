"""An event that nobody can handle."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from common_core.events.spellcheck_events import SpellcheckResultV1
from common_core.topics import event_type_of
from huleedu_cli.running import Running


async def send(stack: Running, *records: tuple[str, bytes, bytes]) -> None:
    """Topic, key and value of each."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.infrastructure.kafka_bootstrap_servers)
    await producer.start()
    try:
        for topic, key, value in records:
            await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()


async def send_poison(stack: Running, batch_id: str, nonsense: str) -> None:
    """A spelling result of the batch that has this instead of its fields."""
    row = event_type_of(SpellcheckResultV1)
    event = {
        "event_id": str(uuid4()),
        "event_type": row.name,
        "event_timestamp": datetime.now(UTC).isoformat(),
        "source_service": row.producer,
        "correlation_id": str(uuid4()),
        "data": {"batch_id": batch_id, "nonsense": nonsense},
    }
    await send(stack, (row.topic, b"poison", json.dumps(event).encode()))
