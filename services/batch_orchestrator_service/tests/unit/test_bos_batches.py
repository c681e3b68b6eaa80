"""Batches over HTTP."""

import uuid
from http import HTTPStatus

import pytest

from common_core.domain_enums import BatchStatus, PhaseName
from common_core.events.batch_events import BatchEssaysRegisteredV1
from common_core.identifiers import BatchId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.domain import essay_ids
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import BATCH, PIPELINE, create_batch


async def test_a_batch_is_registered_with_an_essay_id_per_slot(
    harness: ServiceHarness, desk: Desk
) -> None:
    record = await desk.create(create_batch(pipeline=(PhaseName.CJ_ASSESSMENT,)))
    assert (record.batch_id, record.status, record.pipeline) == (
        BATCH,
        BatchStatus.AWAITING_ESSAYS,
        PIPELINE,
    )
    assert record.message == "Waiting for 3 essays to be uploaded."
    [event] = await harness.emitted(BatchEssaysRegisteredV1)
    assert event.data.essay_ids == essay_ids(BATCH, 3)
    assert event.data.pipeline == PIPELINE
    assert event.data.owner_id == "owner"


async def test_the_same_batch_again_creates_nothing_new(
    harness: ServiceHarness, desk: Desk
) -> None:
    first = await desk.create(create_batch())
    assert await desk.create(create_batch()) == first
    assert len(await harness.emitted(BatchEssaysRegisteredV1)) == 1


async def test_the_same_id_for_another_batch_is_refused(
    harness: ServiceHarness, desk: Desk
) -> None:
    first = await desk.create(create_batch())
    response = await desk.post("/v1/batches", create_batch(name="Class 9a"))
    assert response.status_code == HTTPStatus.CONFLICT
    assert response.mimetype == "application/problem+json"
    assert (await response.get_json())["code"] == "batch_exists"
    assert await desk.record() == first
    assert len(await harness.emitted(BatchEssaysRegisteredV1)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pipeline": ("dance",)}, "invalid_request"),
        ({"pipeline": ()}, "invalid_request"),
        ({"language": "de"}, "invalid_request"),
        ({"essay_count": 0}, "invalid_request"),
        ({"anchors": [{"file": "a.txt", "grade": "VG"}]}, "invalid_batch"),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_and_leaves_nothing(
    harness: ServiceHarness, desk: Desk, changes: dict[str, object], code: str
) -> None:
    body = create_batch().model_dump(mode="json") | changes
    response = await desk.post("/v1/batches", body)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert (await response.get_json())["code"] == code
    assert await harness.emitted() == []
    assert (await desk.get(f"/v1/batches/{BATCH}")).status_code == HTTPStatus.NOT_FOUND


async def test_batches_are_listed_by_owner_newest_first(desk: Desk) -> None:
    ids = [BatchId(uuid.uuid4()) for _ in range(3)]
    for batch_id in ids:
        await desk.create(create_batch(batch_id=batch_id))
    await desk.create(create_batch(batch_id=uuid.uuid4(), owner_id="somebody else"))
    assert [batch.batch_id for batch in (await desk.batches_of("owner")).batches] == ids[::-1]
    assert (await desk.batches_of("nobody")).batches == ()
    assert (await desk.get("/v1/batches")).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
