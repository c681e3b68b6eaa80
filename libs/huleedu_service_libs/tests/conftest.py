"""Fixtures of the library's own tests."""

from collections.abc import AsyncIterator

import pytest

from libs.huleedu_service_libs.tests.redis_servers import Double, Real, Server
from scripts.kafka.broker import ApacheKafka


@pytest.fixture(params=["double", "real"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Each test runs against the double and against a real server."""
    if request.param == "double":
        yield Double()
        return
    real = Real(request.getfixturevalue("redis_url"))
    yield real
    await real.close()


@pytest.fixture(
    scope="session", params=["embedded", pytest.param("apache", marks=pytest.mark.apache_kafka)]
)
def kafka_bootstrap_servers(request: pytest.FixtureRequest) -> str:
    """Each test that needs a broker runs on the embedded one and on Apache Kafka."""
    if request.param == "embedded":
        embedded: str = request.getfixturevalue("embedded_kafka")
        return embedded
    apache: ApacheKafka = request.getfixturevalue("apache_kafka")
    return apache.bootstrap_servers
