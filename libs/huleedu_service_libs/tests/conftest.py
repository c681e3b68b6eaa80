"""Fixtures of the library's own tests."""

from collections.abc import AsyncIterator

import pytest

from libs.huleedu_service_libs.tests.redis_servers import Double, Real, Server


@pytest.fixture(params=["double", "real"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Each test runs against the double and against a real server."""
    if request.param == "double":
        yield Double()
        return
    real = Real(request.getfixturevalue("redis_url"))
    yield real
    await real.close()
