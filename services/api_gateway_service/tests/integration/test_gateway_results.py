import asyncio
import csv
import io
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from common_core.domain_enums import BatchStatus
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.samples import (
    TEXT,
    compared_results,
    essay_id,
    progress,
    results,
)

RESULT_FIELDS = {"batch_id", "language", "judge", "reliability", "comparisons", "essays"}
ESSAY_FIELDS = {
    "file",
    "essay_id",
    "status",
    "error",
    "rank",
    "score",
    "standard_error",
    "grade",
    "grade_probabilities",
    "word_count",
    "corrections",
    "corrected_text",
}
CORRECTION_FIELDS = {"start", "end", "original", "suggestions", "confidence"}


@pytest.fixture
async def batch_id(anna: httpx.AsyncClient) -> UUID:
    new = {"name": "Class 9B", "language": "en", "essay_count": 2}
    return UUID((await anna.post("/v1/batches", json=new)).json()["batch_id"])


async def follow(
    client: httpx.AsyncClient, batch_id: UUID, *, query: str = "", **headers: str
) -> list[tuple[str, str, Any]]:
    """The events until the stream ends: id, name and data."""
    found: list[tuple[str, str, Any]] = []
    fields: dict[str, str] = {}
    path = f"/v1/batches/{batch_id}/events{query}"
    async with asyncio.timeout(10), client.stream("GET", path, headers=headers) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "event" in fields:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
            if not line:
                fields = {}
    return found


async def test_results_are_those_of_the_file_and_more(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)

    report = (await anna.get(f"/v1/batches/{batch_id}/results")).json()

    essay, refused = report["essays"]
    assert set(report) >= RESULT_FIELDS
    assert set(essay) >= ESSAY_FIELDS
    assert report["judge_note"] == "demonstration judge, not for grading"
    assert essay["text"] == TEXT
    assert essay["corrected_text"] == TEXT.replace("beleive", "believe")
    [made], [marked] = essay["corrections"], essay["marked"]
    assert set(made) >= CORRECTION_FIELDS
    assert TEXT[made["start"] : made["end"]] == made["original"] == "beleive"
    assert marked["original"] == "teh"
    assert (refused["status"], refused["text"], refused["error"]) == ("failed", "", "It is a scan.")


async def test_results_that_are_not_ready_are_a_conflict(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)
    del fakes.results[batch_id]
    for path in ("results", "results.csv", "errors.csv", "verdicts.csv", f"essays/{uuid4()}"):
        response = await anna.get(f"/v1/batches/{batch_id}/{path}")
        assert (response.status_code, response.json()["code"]) == (409, "results_not_ready")


async def test_results_of_another_run_are_not_given_for_it(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)
    path = f"/v1/batches/{batch_id}/results"

    assert (await anna.get(f"{path}?run_id={uuid4()}")).status_code == 409
    assert (await anna.get(f"{path}?run_id=x")).status_code == 422


async def test_results_come_as_a_spreadsheet(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)

    response = await anna.get(f"/v1/batches/{batch_id}/results.csv")

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["rank"], row["corrections"]) for row in rows] == [("1", "1"), ("", "0")]


async def test_errors_of_the_class_come_with_the_results_and_as_a_spreadsheet(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)

    report = (await anna.get(f"/v1/batches/{batch_id}/results")).json()
    response = await anna.get(f"/v1/batches/{batch_id}/errors.csv")

    [error] = report["frequent_errors"]
    assert (error["written"], error["meant"], error["count"]) == ("beleive", "believe", 1)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(response.text))
    assert row == {name: str(value) for name, value in error.items()}


async def test_the_comparisons_come_with_the_results_and_as_a_log(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = compared_results(batch_id, fakes)

    report = (await anna.get(f"/v1/batches/{batch_id}/results")).json()
    response = await anna.get(f"/v1/batches/{batch_id}/verdicts.csv")

    [verdict] = report["verdicts"]
    assert (verdict["winner"], verdict["degree"]) == ("second", 2)
    assert [look["essay_id"] for look in report["look_first"]] == [str(essay_id(batch_id))]
    assert report["concordance"] == 0.87
    essay = report["essays"][1]
    assert essay["near_boundary"]
    assert essay["anchor_above"] == report["essays"][0]["essay_id"]
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(response.text))
    assert (row["judge"], row["second"], row["winner"]) == ("gpt", "anchor.txt", "second")


async def test_one_essay_can_be_asked_for(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.results[batch_id] = results(batch_id, fakes)

    essay = (await anna.get(f"/v1/batches/{batch_id}/essays/{essay_id(batch_id)}")).json()
    other = await anna.get(f"/v1/batches/{batch_id}/essays/{uuid4()}")

    assert essay["text"] == TEXT
    assert (other.status_code, other.json()["code"]) == (404, "essay_not_found")


async def test_events_begin_before_the_read_model_knows_the_batch_and_end_with_it(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    following = asyncio.create_task(follow(anna, batch_id))
    await fakes.looked_up.wait()
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "one"))
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "two"))

    events = await following

    assert [(number, name) for number, name, _ in events] == [
        ("0", "progress"),
        ("1", "progress"),
        ("2", "progress"),
        ("2", "end"),
    ]
    assert [data["message"] for _, _, data in events] == [
        "Waiting for essays.",
        "one",
        "two",
        "two",
    ]


@pytest.mark.parametrize("by", ["header", "query"])
async def test_events_resume_after_the_last_one_seen(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID, by: str
) -> None:
    for message in ("one", "two", "three"):
        fakes.show(progress(batch_id, BatchStatus.RUNNING, message))
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "four"))

    if by == "header":
        events = await follow(anna, batch_id, **{"Last-Event-ID": "2"})
    else:
        events = await follow(anna, batch_id, query="?last_event_id=2")

    assert [number for number, name, _ in events if name == "progress"] == ["3", "4"]
    assert events[-1][1] == "end"


async def test_events_of_a_batch_that_is_over_end_at_once(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "done"))

    for last in ("", "1", "99"):
        events = await follow(anna, batch_id, **{"Last-Event-ID": last})
        assert [(number, name) for number, name, _ in events] == [("1", "progress"), ("1", "end")]


async def test_events_of_a_second_run_do_not_end_with_the_first(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    second = uuid4()
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "first run"))
    following = asyncio.create_task(follow(anna, batch_id, query=f"?run_id={second}"))
    await asyncio.sleep(0)
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "second run", run_id=second))

    assert (await following)[-1][2]["message"] == "second run"


async def test_events_go_on_when_the_read_model_fails_for_a_moment(
    anna: httpx.AsyncClient, fakes: FakeServices, batch_id: UUID
) -> None:
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "one"))
    path = f"/v1/batches/{batch_id}/events"
    async with asyncio.timeout(10), anna.stream("GET", path) as response:
        lines = response.aiter_lines()
        while await anext(lines) != ": nothing new":
            pass
        fakes.fail_next = 1
        while fakes.fail_next:
            assert await anext(lines) in {"", ": nothing new"}
        fakes.show(progress(batch_id, BatchStatus.COMPLETED, "two"))
        rest = [line async for line in lines]

    assert "event: end" in rest
