"""Essays that come late, through all eight processes: what was done for the others stays."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from huleedu_cli.client import Gateway
from huleedu_cli.essays import Essay
from huleedu_cli.main import app
from services.tests.e2e.class_set import ENGLISH, FrontDoor, assess, hand_in
from services.tests.e2e.test_people import Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXTS = [path for path in ENGLISH if path.suffix == ".txt"]
CLASS, LATE = TEXTS[:8], TEXTS[8:9]


async def add(gateway: Gateway, batch_id: str, files: Sequence[Path]) -> list[dict[str, Any]]:
    essays = [Essay(path, path.name) for path in files]
    return [answer async for answer in gateway.add_essays(batch_id, essays)]


def verdicts(results: dict[str, Any]) -> set[tuple[str, ...]]:
    return {(each["first"], each["second"], each["winner"]) for each in results["verdicts"]}


async def test_a_batch_that_is_over_goes_on_with_an_essay_more(
    gateway: Gateway, http: httpx.AsyncClient
) -> None:
    first = await assess(gateway, CLASS, judge="offline")
    batch_id = first["batch_id"]
    [answer] = await add(gateway, batch_id, LATE)
    assert [file["status"] for file in answer["files"]] == ["accepted"]
    async for status in gateway.events(batch_id, answer["run_id"]):
        spelling = status["phases"][0]
    second = await gateway.results(batch_id)

    assert spelling["detail"] == "8 taken over from an earlier run."
    [late] = [essay for essay in second["essays"] if essay["file"] == LATE[0].name]
    assert sorted(essay["rank"] for essay in second["essays"]) == list(range(1, 10))
    assert verdicts(first) < verdicts(second)
    assert second["taken_over"] == first["comparisons"] == len(verdicts(first))
    new = verdicts(second) - verdicts(first)
    assert 0 < len(new) <= 8
    assert all(late["essay_id"] in verdict for verdict in new)
    before = {essay["essay_id"]: essay["corrections"] for essay in first["essays"]}
    after = {essay["essay_id"]: essay["corrections"] for essay in second["essays"]}
    assert before.items() <= after.items()

    [again] = await add(gateway, batch_id, LATE)
    assert ([file["status"] for file in again["files"]], again["run_id"]) == (["duplicate"], None)
    assert (await http.get(f"/v1/batches/{batch_id}")).json()["notices"] == []


async def test_an_essay_that_comes_while_people_compare_is_compared_when_they_are_done(
    gateway: Gateway,
    http: httpx.AsyncClient,
    front_door: FrontDoor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    batch_id = await hand_in(gateway, CLASS, judge="people", rubric="Facts before style.")
    room = Room(http, batch_id)
    await room.until_people_are_wanted()
    assert (await room.get("/pairs", person="Ada"))["rubric"] == "Facts before style."
    await room.compare(5)
    [answer] = await add(gateway, batch_id, LATE)
    assert (answer["files"][0]["status"], answer["run_id"]) == ("accepted", None)
    status = await room.status_with(essays_expected=9)
    assert (status["status"], status["notices"]) == ("running", [])
    while (await room.get())["status"] == "running":
        await room.compare()
    monkeypatch.setenv("HULEEDU_API_KEY", front_door.key)
    said = [str(LATE[0]), "--gateway", front_door.url, "--output", str(tmp_path)]
    again = await asyncio.to_thread(CliRunner().invoke, app, ["batches", "add", batch_id, *said])
    assert (again.exit_code, "already" in again.output) == (2, True), again.output
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["essays"]) == 9
    [late] = [essay for essay in results["essays"] if essay["file"] == LATE[0].name]
    before = [each for each in results["verdicts"] if late["essay_id"] not in each.values()]
    assert results["taken_over"] == len(before)
    assert results["comparisons"] == len(room.said)
