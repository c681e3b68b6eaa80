"""The table of events says who says what; the services' code has to agree."""

from dataclasses import replace

import pytest

from common_core.events.deletion_events import BatchDeletedV1
from common_core.topics import EVENTS, KEEPERS, event_type_of
from scripts.docs import events, producers


def test_every_event_is_said_by_the_service_that_the_table_names() -> None:
    assert list(producers.contradictions()) == []


def test_an_event_that_its_producer_never_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(EVENTS[0], producer="content_service")
    monkeypatch.setattr(producers, "EVENTS", (row,))

    assert list(producers.contradictions()) == [
        f"{row.name}: the table says that content_service says it, and it never does",
        (
            f"{row.name}: batch_orchestrator_service says it,"
            " and the table says it comes from content_service"
        ),
    ]


def test_every_service_that_forgets_batches_is_waited_for_and_no_other() -> None:
    topic = event_type_of(BatchDeletedV1).topic
    assert sorted(events.consumers()[topic]) == sorted(KEEPERS)
