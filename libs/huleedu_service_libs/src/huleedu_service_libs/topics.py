"""The topics that a service hears and speaks: made where they are missing, and how long they keep.

A broker that makes topics by being asked for them, and knows no other way, is left alone.
`python -m huleedu_service_libs.topics` makes those of all events, before any service is there.
"""

import asyncio
import math
import sys
from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, TopicAlreadyExistsError, for_code

from common_core.topics import EVENTS, PARTITIONS
from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.dead_letters import dead_letter_topic
from huleedu_service_libs.instrumentation import connection_lost
from huleedu_service_libs.kafka_clients import Access, access

_BROKERS_CHOICE = -1
_LONGEST_PAUSE = 2.0


def topics_of(service_name: str, heard: Iterable[str]) -> dict[str, int]:
    """What a service hears and speaks, its dead letters included, with the number of partitions."""
    heard = list(heard)
    spoken = [event.topic for event in EVENTS if service_name in event.producers]
    return {
        **dict.fromkeys([*heard, *spoken], PARTITIONS),
        **{dead_letter_topic(topic): 1 for topic in heard},
    }


async def wait_for_topics(
    bootstrap_servers: str,
    topics: Mapping[str, int],
    *,
    retention_seconds: float,
    access: Access | None = None,
) -> dict[str, float]:
    """Wait until the broker answers; make the topics that are missing, to keep events that long.

    For how many seconds each of these topics keeps events; infinity: for ever.
    """
    pause = 0.1
    while True:
        try:
            return await _ensure(bootstrap_servers, topics, retention_seconds, access or {})
        except (KafkaError, OSError, TimeoutError) as error:
            connection_lost("topics", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


async def _ensure(
    bootstrap_servers: str, topics: Mapping[str, int], retention_seconds: float, access: Access
) -> dict[str, float]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **access)
    try:
        await admin.start()
        missing = topics.keys() - set(await admin.list_topics())
        keep = {"retention.ms": str(round(retention_seconds * 1000))}
        try:
            if missing:
                await _create(admin, {name: topics[name] for name in missing}, keep)
            return await _retention(admin, topics)
        except IncompatibleBrokerVersion:
            return dict.fromkeys(topics, retention_seconds)
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient, topics: Mapping[str, int], configuration: dict[str, str]
) -> None:
    new = [
        NewTopic(name, partitions, 1, topic_configs=configuration)
        for name, partitions in topics.items()
    ]
    for topic in new:
        topic.replication_factor = _BROKERS_CHOICE  # its constructor will not have it
    answer = await admin.create_topics(new)
    for name, code, reason in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another service was faster
            raise error(f"{name}: {reason}")


async def _retention(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, float]:
    asked = {"cleanup.policy": "", "retention.ms": ""}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, asked) for name in topics]
    found: dict[str, float] = {}
    for answer in await admin.describe_configs(resources):
        for code, reason, _, name, entries in answer.resources:
            if code:
                raise for_code(code)(f"{name}: {reason}")
            found[name] = _seconds({entry[0]: entry[1] for entry in entries})
    return found


def _seconds(configuration: Mapping[str, str]) -> float:
    kept_for_ever = "delete" not in configuration["cleanup.policy"]
    milliseconds = float(configuration["retention.ms"])
    return math.inf if kept_for_ever or milliseconds < 0 else milliseconds / 1000


def _topics_of_all() -> dict[str, int]:
    named = [event.topic for event in EVENTS]
    return dict.fromkeys(named, PARTITIONS) | {dead_letter_topic(topic): 1 for topic in named}


def main() -> None:
    settings = ServiceSettings(service_name="topics", port=0)
    kept = asyncio.run(
        wait_for_topics(
            settings.kafka_bootstrap_servers,
            _topics_of_all(),
            retention_seconds=settings.topic_retention_seconds,
            access=access(settings),
        )
    )
    for topic, seconds in sorted(kept.items()):
        sys.stdout.write(f"{topic}: kept for {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
