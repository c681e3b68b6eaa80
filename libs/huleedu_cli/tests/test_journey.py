"""The tree of events, and the sentence about a batch, as they are printed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from huleedu_cli.batches import description
from huleedu_cli.journey import tree
from huleedu_service_libs.trail import Said

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def event(number: int, name: str, cause: int | None, at: float, **more: str) -> Said:
    said_at = START + timedelta(seconds=at)
    return Said(
        event_id=UUID(int=number),
        event_type=name,
        service="els",
        cause=None if cause is None else UUID(int=cause),
        said_at=said_at,
        sent_at=said_at + timedelta(seconds=0.25),
        **more,
    )


def test_each_event_stands_below_its_cause_in_order_of_time() -> None:
    lines = list(
        tree(
            [
                event(3, "Third", 1, 2.0),
                event(2, "Second", 1, 1.5),
                event(4, "Fourth", 2, 1.75),
                event(1, "First", 99, 1.0),
            ]
        )
    )
    assert [line.split("  els")[0].split() for line in lines] == [
        ["First", "09:30:01.000", "sent", "after", "0.250", "s"],
        ["Second", "09:30:01.500", "+0.500", "s", "sent", "after", "0.250", "s"],
        ["Fourth", "09:30:01.750", "+0.250", "s", "sent", "after", "0.250", "s"],
        ["Third", "09:30:02.000", "+1.000", "s", "sent", "after", "0.250", "s"],
    ]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 2]


def test_an_event_that_was_sent_twice_stands_there_once() -> None:
    assert len(list(tree([event(1, "First", None, 1), event(1, "First", None, 1)]))) == 1


def test_an_event_that_was_set_aside_says_by_whom_and_why() -> None:
    lines = list(
        tree([event(1, "First", None, 1), event(1, "First", None, 1, set_aside_by="ras: no\x1b")])
    )
    assert lines[1] == "  ! set aside by ras: no "


def test_a_batch_is_described_in_a_sentence_with_what_to_do_and_what_is_wrong() -> None:
    status = {
        "name": "9B",
        "status": "running",
        "phases": [{"title": "Spelling", "status": "running", "done": 1, "total": 5}],
    }
    waiting = {
        "sentence": "Spelling is under way.",
        "advice": "Look.",
        "troubles": [{"what": "els does not answer", "advice": "See its log."}],
    }
    assert description(status, waiting).splitlines() == [
        "9B (running)",
        "Spelling is under way.",
        "What to do: Look.",
        "  Spelling: running, 1 of 5",
        "Troubles:",
        "  els does not answer. See its log.",
    ]
