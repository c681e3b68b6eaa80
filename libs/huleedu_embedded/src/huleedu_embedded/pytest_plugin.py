"""Fixtures for tests that need real servers; started on first use, once for a test session.

Ask for what the test needs: `postgres_url`, `redis_url`, `kafka_bootstrap_servers`, or
`infrastructure` for all three. Where the environment names a server, that one is used.
Override `kafka_topics` in a conftest to give topics other than four partitions.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # every pytest run loads this file; most need no server
    from huleedu_embedded.infrastructure import Infrastructure


@contextmanager
def _server(part: str, topics: dict[str, int] | None = None) -> Iterator[str]:
    from huleedu_embedded.infrastructure import VARIABLES, Host, missing  # noqa: PLC0415 - see above
    from huleedu_embedded.specification import Specification  # noqa: PLC0415 - see above

    if not missing([part]):
        yield os.environ[VARIABLES[part]]
        return
    host = Host(Specification(parts=[part], topics=topics or {}))
    try:
        yield host.addresses()[part]
    finally:
        host.stop()


@pytest.fixture(scope="session")
def kafka_topics() -> dict[str, int]:
    """Topics to create, with their partitions; others appear on first use, with four."""
    return {}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL server, `postgresql://user:password@host:port/postgres`."""
    with _server("postgres") as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the URL of a Redis-compatible server."""
    with _server("redis") as url:
        yield url


@pytest.fixture(scope="session")
def embedded_kafka(kafka_topics: dict[str, int]) -> Iterator[str]:
    """Give the address of the embedded broker, or of what is configured in its place."""
    with _server("kafka", kafka_topics) as address:
        yield address


@pytest.fixture(scope="session")
def kafka_bootstrap_servers(embedded_kafka: str) -> str:
    """Give the address of a broker that speaks Kafka's protocol; override to run on another."""
    return embedded_kafka


@pytest.fixture(scope="session")
def infrastructure(
    kafka_bootstrap_servers: str,
    redis_url: str,
    postgres_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Infrastructure":
    """All three servers."""
    from huleedu_embedded.infrastructure import Infrastructure  # noqa: PLC0415 - see above

    return Infrastructure(
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        redis_url=redis_url,
        database_url=postgres_url,
        directory=tmp_path_factory.mktemp("infrastructure"),
    )
