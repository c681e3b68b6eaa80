"""Which brokers the tests meet: the embedded one, and Apache Kafka where Java and Maven are there.

A test that asks for the fixture `apache_kafka`, or has the mark of that name, is left out where
Apache Kafka cannot run; the last lines of the run say so.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from scripts.kafka.jars import UnavailableError, jars, java

if TYPE_CHECKING:  # most runs start no broker
    from scripts.kafka.broker import ApacheKafka

_said = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def apache_kafka() -> "Iterator[ApacheKafka]":
    """Apache Kafka, started on first use, once for a session."""
    from scripts.kafka.broker import ApacheKafka  # noqa: PLC0415 - see above

    with ApacheKafka() as running:
        yield running


def pytest_itemcollected(item: pytest.Item) -> None:
    if "apache_kafka" in getattr(item, "fixturenames", ()):
        item.add_marker("apache_kafka")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    need_it = [item for item in items if _needs_apache_kafka(item)]
    if not need_it:
        return
    try:
        java()
        jars()
    except UnavailableError as error:
        config.stash[_said] = (
            f"the embedded broker only, for {error};"
            f" {len(need_it)} tests need Apache Kafka and were left out"
        )
        config.hook.pytest_deselected(items=need_it)
        items[:] = [item for item in items if not _needs_apache_kafka(item)]
    else:
        config.stash[_said] = f"Apache Kafka for {len(need_it)} tests"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _said in config.stash:
        terminalreporter.write_line(f"Kafka: {config.stash[_said]}")


def _needs_apache_kafka(item: pytest.Item) -> bool:
    return item.get_closest_marker("apache_kafka") is not None
