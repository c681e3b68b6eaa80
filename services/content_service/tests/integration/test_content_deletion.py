"""What goes with a batch, and what another one still has."""

from uuid import UUID, uuid4

from quart import Quart
from sqlalchemy import func, select

from common_core.events.deletion_events import BatchDeletedV1
from common_core.identifiers import BatchId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.content_service.store import TextRow
from services.content_service.tests.uploading import upload

ESSAY, CORRECTED = b"Both classes wrotte this.", b"Both classes wrote this."


async def hand_in(app: Quart, batch_id: UUID) -> None:
    await upload(app, batch_id, ("anna.txt", ESSAY))
    await app.test_client().post(f"/v1/batches/{batch_id}/texts", data=CORRECTED)


async def delete(harness: ServiceHarness, batch_id: UUID) -> None:
    await harness.deliver(BatchDeletedV1(batch_id=BatchId(batch_id)))


async def texts(harness: ServiceHarness) -> int:
    async with harness.session() as session:
        return await session.scalar(select(func.count()).select_from(TextRow)) or 0


async def test_a_text_goes_with_the_last_batch_that_has_it(
    app: Quart, harness: ServiceHarness
) -> None:
    first, second = uuid4(), uuid4()
    await hand_in(app, first)
    await hand_in(app, second)
    await delete(harness, first)
    assert await texts(harness) == 2
    await delete(harness, second)
    assert await texts(harness) == 0


async def test_a_text_is_kept_for_a_batch_that_found_it_there(
    app: Quart, harness: ServiceHarness
) -> None:
    first, second = uuid4(), uuid4()
    client = app.test_client()
    put = await client.post(f"/v1/batches/{first}/texts", data=CORRECTED)
    path = f"/v1/batches/{second}/texts/{(await put.get_json())['text_id']}"
    assert (await client.put(path)).status_code == 200
    await delete(harness, first)
    assert await texts(harness) == 1
    await delete(harness, second)
    response = await client.put(path.replace(str(second), str(uuid4())))
    assert response.status_code == 404


async def test_nothing_is_taken_in_for_a_deleted_batch(app: Quart, harness: ServiceHarness) -> None:
    batch_id = uuid4()
    await hand_in(app, batch_id)
    await delete(harness, batch_id)
    before = await harness.snapshot()
    for data in (ESSAY, b""):
        answer = await upload(app, batch_id, ("late.txt", data))
        assert (answer.status, answer.body["code"]) == (410, "batch_deleted")
    response = await app.test_client().post(f"/v1/batches/{batch_id}/texts", data=CORRECTED)
    assert response.status_code == 410
    assert await harness.snapshot() == before
