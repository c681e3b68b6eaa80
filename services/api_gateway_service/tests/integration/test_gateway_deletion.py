"""Deleting a batch at the front door, by API and by page."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from redis.asyncio import Redis

from common_core.domain_enums import BatchStatus
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.integration.test_gateway_batches import created, problem
from services.api_gateway_service.tests.integration.test_gateway_pages import batch_of, teacher
from services.api_gateway_service.tests.samples import progress

__all__ = ["teacher"]

NEW = {"name": "Class 9B of Xanthippe", "language": "en", "essay_count": 2}


async def everything_in(redis_url: str) -> str:
    async with Redis.from_url(redis_url) as redis:
        found = [key async for key in redis.scan_iter()]
        texts = [await redis.get(key) for key in found if await redis.type(key) == b"string"]
    return f"{found} {texts}"


async def test_the_owner_deletes_and_is_told_who_has_still_to_forget(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path = f"/v1/batches/{await created(anna)}"
    deleted = await anna.delete(path)
    assert deleted.status_code == 202
    assert deleted.json()["waiting_for"] == ["content_service"]
    assert (await anna.get(f"{path}/deletion")).json() == deleted.json()
    assert (await anna.delete(path)).json() == deleted.json()

    for gone in (await anna.get(path), await anna.post(f"{path}/pause")):
        assert problem(gone, 410) == "batch_deleted"
        assert "still to forget it: content" in gone.json()["detail"]
    [(batch_id, deletion)] = fakes.deleted.items()
    completed = {"completed_at": datetime(2026, 1, 15, 9, 31, tzinfo=UTC), "waiting_for": ()}
    fakes.deleted[batch_id] = deletion.model_copy(update=completed)
    detail = (await anna.get(path)).json()["detail"]
    assert "deleted at 2026-01-15 09:30:00 UTC; every service has forgotten it" in detail


async def test_nobody_deletes_somebody_else_s_batch(
    anna: httpx.AsyncClient, bo: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path = f"/v1/batches/{await created(anna)}"
    assert problem(await bo.delete(path), 404) == "batch_not_found"
    assert problem(await bo.get(f"{path}/deletion"), 404) == "batch_not_found"
    assert fakes.deleted == {}
    assert (await anna.get(path)).status_code == 200


async def test_the_kept_answers_go_with_it_and_none_is_kept_after_it(
    anna: httpx.AsyncClient, fakes: FakeServices, redis_url: str
) -> None:
    async def post(path: str, **content: object) -> httpx.Response:
        return await anna.post(path, headers={"Idempotency-Key": str(uuid4())}, **content)  # type: ignore[arg-type]  # what httpx takes

    batch_id = (await post("/v1/batches", json=NEW)).json()["batch_id"]
    files = [("files", ("Xanthippe.txt", b"text"))]
    await post(f"/v1/batches/{batch_id}/essays", files=files)
    assert (await everything_in(redis_url)).count("Xanthippe") == 2

    fakes.before_upload.clear()
    fakes.uploading.clear()
    late = [("files", ("Late_Xanthippe.txt", b"text"))]
    under_way = asyncio.create_task(post(f"/v1/batches/{batch_id}/essays", files=late))
    await fakes.uploading.wait()
    await anna.delete(f"/v1/batches/{batch_id}")
    fakes.before_upload.set()
    assert (await under_way).status_code == 200
    assert "Xanthippe" not in await everything_in(redis_url)


async def test_a_page_deletes_once_it_is_told_that_the_teacher_is_sure(
    teacher: httpx.AsyncClient,
    fakes: FakeServices,
) -> None:
    batch_id: UUID = await batch_of(teacher)
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "At work."))
    shown = await teacher.get(f"/batches/{batch_id}")
    assert f'action="/batches/{batch_id}/delete"' in shown.text
    unsure = await teacher.post(f"/batches/{batch_id}/delete")
    assert (unsure.status_code, fakes.deleted) == (422, {})

    sure = await teacher.post(f"/batches/{batch_id}/delete", data={"sure": "yes"})
    assert (sure.status_code, sure.headers["Location"]) == (303, f"/batches/{batch_id}")
    left = await teacher.get(f"/batches/{batch_id}")
    assert left.status_code == 410
    assert "still to forget it: content" in left.text


async def test_whoever_follows_a_batch_that_is_deleted_is_not_kept_waiting(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path = f"/v1/batches/{await created(anna)}"
    batch_id = UUID(path.rpartition("/")[2])
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "At work."))
    async with asyncio.timeout(10), anna.stream("GET", f"{path}/events") as response:
        async for line in response.aiter_lines():
            if line == "event: progress":
                await anna.delete(path)
    assert problem(await anna.get(f"{path}/events"), 410) == "batch_deleted"
