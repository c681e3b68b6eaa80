"""Essays that come late, from the front door: each file has its outcome, and counts once."""

from uuid import uuid4

import httpx

from common_core.domain_enums import BatchStatus
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.integration.test_gateway_batches import created, problem
from services.api_gateway_service.tests.integration.test_gateway_pages import batch_of, teacher
from services.api_gateway_service.tests.samples import progress

__all__ = ["teacher"]

FILES = [("files", ("late.txt", b"late")), ("files", ("empty.txt", b""))]


async def test_essays_join_a_batch_that_is_at_work(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    fakes.status = BatchStatus.RUNNING
    path = f"/v1/batches/{batch_id}/additions"
    response = await anna.post(path, files=FILES)
    assert response.status_code == 200
    [said] = fakes.added
    assert [(late.file_name, fakes.texts[late.text_id]) for late in said.essays] == [
        ("late.txt", "late")
    ]
    body = response.json()
    assert [(file["file"], file["status"]) for file in body["files"]] == [
        ("late.txt", "accepted"),
        ("empty.txt", "rejected"),
    ]
    assert body["files"][1]["reason"] == "It is empty."
    assert (body["run_id"], body["message"]) == (str(said.request_id), "So be it.")

    again = (await anna.post(path, files=FILES[:1])).json()
    assert [file["status"] for file in again["files"]] == ["duplicate"]
    assert again["run_id"] is None


async def test_what_was_uploaded_once_too_often_can_join(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    await anna.post(f"/v1/batches/{batch_id}/essays", files=FILES[:1])
    fakes.status = BatchStatus.COMPLETED
    path = f"/v1/batches/{batch_id}/additions"
    twice = (await anna.post(path, files=[FILES[0], FILES[0]])).json()
    assert [file["status"] for file in twice["files"]] == ["accepted", "duplicate"]


async def test_a_repeat_with_its_key_adds_nothing_and_gets_the_first_answer(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    fakes.status = BatchStatus.COMPLETED
    path, key = f"/v1/batches/{batch_id}/additions", {"Idempotency-Key": str(uuid4())}
    first, second = [await anna.post(path, files=FILES, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert len(fakes.added) == 1
    other = await anna.post(path, files=FILES[:1], headers=key)
    assert problem(other, 422) == "idempotency_key_reused"


async def test_a_batch_that_waits_for_its_own_essays_reads_no_others(
    anna: httpx.AsyncClient, bo: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    path = f"/v1/batches/{batch_id}/additions"
    assert problem(await anna.post(path, files=FILES), 409) == "batch_not_ready"
    assert problem(await bo.post(path, files=FILES), 404) == "batch_not_found"
    assert fakes.uploads == {}


async def test_files_none_of_which_can_be_read_add_nothing(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    fakes.status = BatchStatus.COMPLETED
    response = await anna.post(f"/v1/batches/{batch_id}/additions", files=FILES[1:])
    assert response.json()["message"] == "None of these files could be read."
    assert fakes.added == []


async def test_a_teacher_adds_essays_on_the_page_of_the_batch(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.status = BatchStatus.RUNNING
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "Comparison is under way."))
    path = f"/batches/{batch_id}/additions"
    assert f'action="{path}"' in (await teacher.get(f"/batches/{batch_id}")).text
    for _ in range(2):
        response = await teacher.post(path, files=FILES[:1], data={"form_id": "f"})
        assert (response.status_code, response.headers["Location"]) == (303, f"/batches/{batch_id}")
    assert len(fakes.added) == 1
    response = await teacher.post(path, files=FILES, data={"form_id": "g"})
    assert "“empty.txt”: It is empty." in response.text
    assert (await teacher.post(path, data={"form_id": "h"})).status_code == 422
