"""What every test of the repository shares."""

import pytest

from common_core.topics import EVENTS, PARTITIONS


@pytest.fixture(scope="session")
def kafka_topics() -> dict[str, int]:
    """Give the embedded broker the topics of the event table."""
    return {row.topic: PARTITIONS for row in EVENTS}
