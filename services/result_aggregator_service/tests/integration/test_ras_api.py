import asyncio
from typing import Any
from uuid import uuid4

import pytest
from quart.typing import TestClientProtocol as Client

from huleedu_service_libs.testing.harness import ServiceHarness
from services.result_aggregator_service.tests.scenario import OWNER, Scenario, envelopes


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(uuid4())


async def get(client: Client, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status_code == status, await response.get_data(as_text=True)
    return await response.get_json()


async def deliver(harness: ServiceHarness, scenario: Scenario, count: int | None = None) -> None:
    for event in envelopes(scenario.first_run())[:count]:
        await harness.deliver(event)


async def test_batch_that_nobody_has_registered_is_not_found(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    await harness.deliver(scenario.provisioned("a.txt", 0))

    for path in ("", "/results"):
        problem = await get(client, f"/v1/batches/{scenario.batch_id}{path}", 404)
        assert problem["code"] == "batch_not_found"


async def test_batch_shows_where_it_is(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    await deliver(harness, scenario, 3)

    batch = await get(client, f"/v1/batches/{scenario.batch_id}")

    assert batch["name"] == "Class 9B"
    assert batch["essays_received"] == 2
    assert batch["owner_id"] == OWNER


async def test_list_has_the_batches_of_one_owner(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    await deliver(harness, scenario, 1)

    mine = await get(client, f"/v1/batches?owner_id={OWNER}")

    assert [batch["batch_id"] for batch in mine["batches"]] == [str(scenario.batch_id)]
    assert (await get(client, "/v1/batches?owner_id=bo"))["batches"] == []
    assert (await get(client, "/v1/batches", 400))["code"] == "owner_missing"


async def test_results_come_when_everything_is_there(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    path = f"/v1/batches/{scenario.batch_id}/results"
    await deliver(harness, scenario, -1)
    assert (await get(client, path, 409))["code"] == "results_not_ready"

    await harness.deliver(scenario.completed())

    results = await get(client, path)
    assert [essay["rank"] for essay in results["essays"]] == [1, 2, None, None]
    assert await get(client, f"{path}?run_id={scenario.run_id}") == results
    assert (await get(client, f"{path}?run_id={uuid4()}", 409))["code"] == "results_not_ready"


async def test_events_go_on_after_the_one_named(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    await deliver(harness, scenario)
    path = f"/v1/batches/{scenario.batch_id}/events"

    everything = (await get(client, f"{path}?after=0"))["events"]
    rest = (await get(client, f"{path}?after=3"))["events"]
    [now] = (await get(client, path))["events"]

    assert rest == everything[3:]
    assert now == everything[-1]
    assert now["progress"]["results_ready"]


async def test_events_wait_until_there_is_one(
    harness: ServiceHarness, client: Client, scenario: Scenario
) -> None:
    path = f"/v1/batches/{scenario.batch_id}/events?after=0&wait_seconds=20"
    waiting = asyncio.create_task(get(client, path))
    await asyncio.sleep(0)

    await deliver(harness, scenario, 1)

    async with asyncio.timeout(5):
        [event] = (await waiting)["events"]
    assert event["sequence"] == 1


async def test_events_do_not_wait_longer_than_asked_for(client: Client, scenario: Scenario) -> None:
    path = f"/v1/batches/{scenario.batch_id}/events?after=0&wait_seconds=0.05"

    assert (await get(client, path))["events"] == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "wait_seconds=31", "wait_seconds=nan"])
async def test_events_refuse_what_makes_no_sense(
    client: Client, scenario: Scenario, query: str
) -> None:
    path = f"/v1/batches/{scenario.batch_id}/events?{query}"

    assert (await get(client, path, 422))["code"] == "invalid_request"
