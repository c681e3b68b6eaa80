"""People compare a class set through all eight processes, which are paused, killed and resumed."""

import asyncio
import os
import signal
from itertools import cycle
from typing import Any

import httpx
import pytest

from huleedu_cli.client import Gateway
from huleedu_cli.running import Running
from services.tests.e2e.class_set import ENGLISH, hand_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLASS = [path for path in ENGLISH if path.suffix == ".txt"][:8]
PATIENCE = 90.0
_POLL = 0.1


class Room:
    """People who find the longer text better, and say everything twice."""

    def __init__(self, http: httpx.AsyncClient, batch_id: str) -> None:
        self._http = http
        self._path = f"/v1/batches/{batch_id}"
        self.said: set[str] = set()

    async def get(self, what: str = "", **query: str) -> dict[str, Any]:
        response = await self._ask("GET", what, params=query)
        assert response.status_code == httpx.codes.OK, response.text
        body: dict[str, Any] = response.json()
        return body

    async def post(self, what: str, **body: Any) -> httpx.Response:
        return await self._ask("POST", what, json=body)

    async def _ask(self, method: str, what: str, **content: Any) -> httpx.Response:
        """A service that was killed a moment ago is asked again."""
        async with asyncio.timeout(PATIENCE):
            while True:
                response = await self._http.request(method, self._path + what, **content)
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return response
                await asyncio.sleep(_POLL)

    async def until_pairs_are(self, state: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while (found := await self.get("/pairs", person="Ada"))["state"] != state:  # noqa: ASYNC110 — in other processes
                await asyncio.sleep(_POLL)
        return found

    async def until_people_are_wanted(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not (await self.get())["waiting_for_people"]:  # noqa: ASYNC110 — in other processes
                await asyncio.sleep(_POLL)

    async def status_with(self, **wanted: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                status = await self.get()
                if all(status[name] == value for name, value in wanted.items()):
                    return status
                await asyncio.sleep(_POLL)

    async def compare(self, most: int = 1000) -> int:
        """Until nothing is asked for any more, or `most` comparisons are made; their number."""
        made = 0
        async with asyncio.timeout(PATIENCE):
            for person in cycle(("Ada", "Bo")):
                found = await self.get("/pairs", person=person)
                if found["state"] == "over" or made >= most:
                    break
                for pair in found["pairs"]:
                    await self._say(pair, person)
                    made += 1
                if not found["pairs"]:
                    await asyncio.sleep(_POLL)
        return made

    async def _say(self, pair: dict[str, Any], person: str) -> None:
        winner = "first" if len(pair["first"]) > len(pair["second"]) else "second"
        for _ in range(2):
            said = {"pair_id": pair["pair_id"], "winner": winner, "person": person}
            response = await self.post("/pairs", **said)
            assert response.status_code == httpx.codes.OK, response.text
        self.said.add(pair["pair_id"])


async def test_a_class_is_compared_by_people_through_a_pause_and_a_killed_service(
    gateway: Gateway, stack: Running, http: httpx.AsyncClient
) -> None:
    batch_id = await hand_in(gateway, CLASS, judge="people", assignment="Write about school.")
    room = Room(http, batch_id)
    await room.until_people_are_wanted()
    shown = (await room.get("/pairs", person="Ada"))["pairs"][0]
    assert set(shown) == {"pair_id", "first", "second"}
    await room.compare(5)
    found = await room.get("/pairs", person="Ada")
    left = found["total"] - found["done"]
    assert (found["done"], left > 1) == (5, True)
    status = await room.status_with(waiting_for_people=left)
    assert status["message"] == f"Waiting for {left} comparisons by people."

    assert (await room.post("/pause")).status_code == httpx.codes.OK
    await room.status_with(paused=True)
    await room.until_pairs_are("paused")
    os.kill(stack.launcher.pids()["cj_assessment_service"], signal.SIGKILL)
    await stack.launcher.ready()
    assert (await room.post("/resume")).status_code == httpx.codes.OK
    await room.status_with(paused=False)
    await room.compare(4)
    os.kill(stack.launcher.pids()["cj_assessment_service"], signal.SIGKILL)
    await stack.launcher.ready()
    await room.compare()

    await room.status_with(status="completed", results_ready=True)
    first = await room.get("/results")
    assert (first["judge"], first["comparisons"]) == ("people", len(room.said))
    lengths = [len(essay["corrected_text"]) for essay in first["essays"]]
    assert lengths == sorted(lengths, reverse=True)

    assert (await room.post("/budget", comparisons_per_essay=6)).status_code == httpx.codes.OK
    await room.status_with(status="running")
    await room.compare()
    await room.status_with(status="completed", results_ready=True)
    second = await room.get("/results")
    assert second["comparisons"] == len(room.said) >= first["comparisons"]
    assert second["run_id"] != first["run_id"]


async def test_comparing_that_is_ended_early_leaves_a_ranking(
    gateway: Gateway, http: httpx.AsyncClient
) -> None:
    room = Room(http, await hand_in(gateway, CLASS, judge="offline+people"))
    await room.until_people_are_wanted()
    assert (await room.post("/finish")).status_code == httpx.codes.OK
    await room.status_with(status="completed", results_ready=True)
    results = await room.get("/results")
    assert "ended early" in results["stop_reason"]
    assert [essay["rank"] for essay in results["essays"]] == list(range(1, 9))


async def test_a_cancelled_batch_keeps_the_spelling_that_is_done(
    gateway: Gateway, http: httpx.AsyncClient
) -> None:
    room = Room(http, await hand_in(gateway, CLASS, judge="people"))
    await room.until_people_are_wanted()
    assert (await room.post("/cancel")).status_code == httpx.codes.OK
    await room.status_with(status="cancelled", results_ready=True)
    await room.until_pairs_are("over")
    results = await room.get("/results")
    assert {essay["status"] for essay in results["essays"]} == {"failed"}
    assert any(essay["corrections"] for essay in results["essays"])
