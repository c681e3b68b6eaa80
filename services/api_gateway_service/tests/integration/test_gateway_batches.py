import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
from redis.asyncio import Redis

from services.api_gateway_service.tests.conftest import MAX_FILE_BYTES, MAX_UPLOAD_BYTES
from services.api_gateway_service.tests.fakes import FakeServices

NEW = {"name": "Class 9B", "language": "en", "essay_count": 2}


def problem(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert UUID(body["correlation_id"]) == UUID(response.headers["X-Correlation-ID"])
    assert body["detail"]
    return str(body["code"])


async def created(client: httpx.AsyncClient, **more: Any) -> str:
    response = await client.post("/v1/batches", json=NEW | more)
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"/v1/batches/{response.json()['batch_id']}"
    return str(response.json()["batch_id"])


async def test_batch_is_created_with_its_assignment_stored_as_a_text(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    anchors = [{"file": "a.txt", "grade": "B"}]
    await created(
        anna, assignment=" Write about the sea. ", anchors=anchors, grade_scale=["A", "B"]
    )

    [batch] = fakes.created
    assert batch.owner_id == "anna"
    assert batch.judge == "offline"
    assert batch.pipeline == ("spellcheck", "cj_assessment")
    assert batch.assignment_text_id is not None
    assert fakes.texts[batch.assignment_text_id] == "Write about the sea."
    assert batch.anchors[0].grade == "B"


async def test_bad_description_is_refused_with_the_field_that_is_wrong(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    for wrong in ({"language": "de"}, {"essay_count": 0}, {"name": "  "}, {"nmae": "x"}):
        response = await anna.post("/v1/batches", json=NEW | wrong)
        assert problem(response, 422) == "invalid_request"
        assert response.json()["errors"][0]["field"].startswith(next(iter(wrong)))
    assert not fakes.created


async def test_what_the_orchestrator_refuses_is_passed_on_in_its_words(
    anna: httpx.AsyncClient,
) -> None:
    response = await anna.post("/v1/batches", json=NEW | {"name": "refuse me"})

    assert problem(response, 422) == "invalid_batch"
    assert response.json()["detail"] == "No such grade."


async def test_nobody_comes_in_without_a_key(browser: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic anna-key"}):
        response = await browser.get("/v1/batches", headers=headers)
        assert problem(response, 401) == "not_authenticated"


async def test_somebody_else_s_batch_is_not_found_anywhere(
    anna: httpx.AsyncClient, bo: httpx.AsyncClient
) -> None:
    path = f"/v1/batches/{await created(anna)}"
    files = [("files", ("a.txt", b"text"))]

    answers = [
        await bo.get(path),
        await bo.get(f"{path}/waiting"),
        await bo.get(f"{path}/results"),
        await bo.get(f"{path}/results.csv"),
        await bo.get(f"{path}/errors.csv"),
        await bo.get(f"{path}/events"),
        await bo.get(f"{path}/essays/{uuid4()}"),
        await bo.post(f"{path}/essays", files=files),
        await bo.post(f"{path}/pipelines", json={}),
        await anna.get(f"/v1/batches/{uuid4()}"),
    ]

    assert {problem(answer, 404) for answer in answers} == {"batch_not_found"}


async def test_owner_is_looked_up_once(anna: httpx.AsyncClient, fakes: FakeServices) -> None:
    batch_id = await created(anna)

    for _ in range(3):
        assert problem(await anna.get(f"/v1/batches/{batch_id}/results"), 409)

    assert fakes.lookups == 0


async def test_new_batch_is_shown_before_the_read_model_has_heard_of_it(
    anna: httpx.AsyncClient,
) -> None:
    batch_id = await created(anna)

    status = (await anna.get(f"/v1/batches/{batch_id}")).json()

    assert status["status"] == "awaiting_essays"
    assert [phase["status"] for phase in status["phases"]] == ["waiting", "waiting"]


async def test_what_a_batch_waits_for_names_the_service_that_does_not_answer(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    fakes.speechless = "content"

    waiting = (await anna.get(f"/v1/batches/{batch_id}/waiting")).json()

    assert waiting["sentence"].startswith("The batch is registered since")
    assert [each["service"] for each in waiting["troubles"]] == ["content_service"]


async def test_files_are_passed_on_and_each_has_its_outcome(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    files = [("files", ("a.txt", b"one")), ("files", ("Åsa.txt", b"two"))]

    response = await anna.post(f"/v1/batches/{batch_id}/essays", files=files)

    assert [outcome["status"] for outcome in response.json()["files"]] == ["accepted"] * 2
    assert fakes.uploads[UUID(batch_id)] == [("a.txt", b"one"), ("Åsa.txt", b"two")]


async def test_too_large_file_is_named(anna: httpx.AsyncClient, fakes: FakeServices) -> None:
    path = f"/v1/batches/{await created(anna)}/essays"
    files = [("files", ("a.txt", b"x")), ("files", ("b.txt", b"x" * (MAX_FILE_BYTES + 1)))]

    response = await anna.post(path, files=files)

    assert problem(response, 413) == "file_too_large"
    assert response.json()["file"] == "b.txt"


async def test_too_large_request_is_refused_with_or_without_a_length(
    anna: httpx.AsyncClient,
) -> None:
    path = f"/v1/batches/{await created(anna)}/essays"
    files = [("files", (f"{n}.txt", b"x" * (MAX_FILE_BYTES - 1))) for n in range(6)]
    whole = anna.build_request("POST", path, files=files)
    body, kind = await whole.aread(), {"Content-Type": whole.headers["Content-Type"]}

    async def chunks() -> Any:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    assert len(body) > MAX_UPLOAD_BYTES
    for content in (body, chunks()):
        response = await anna.post(path, content=content, headers=kind)
        assert problem(response, 413) == "request_too_large"


async def test_too_large_description_is_refused(anna: httpx.AsyncClient) -> None:
    response = await anna.post("/v1/batches", json=NEW | {"assignment": "x" * 100_000})

    assert problem(response, 413) == "request_too_large"


async def test_upload_that_is_none_is_refused(anna: httpx.AsyncClient, fakes: FakeServices) -> None:
    path = f"/v1/batches/{await created(anna)}/essays"
    cut = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nhalf'
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}

    answers = {
        "not_multipart": await anna.post(path, json={}),
        "unexpected_part": await anna.post(path, files=[("file", ("a.txt", b"x"))]),
        "no_files": await anna.post(path, content=b"--x--\r\n", headers=multipart),
        "malformed_multipart": await anna.post(path, content=cut, headers=multipart),
    }

    assert {code: problem(answer, 422) for code, answer in answers.items()} == {
        code: code for code in answers
    }
    assert not any(fakes.uploads.values())


async def test_pipeline_is_started_again_with_another_judge(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)

    response = await anna.post(f"/v1/batches/{batch_id}/pipelines", json={"judge": "model"})

    [(batch, asked)] = fakes.started
    assert response.status_code == 202
    assert (str(batch), asked.judge) == (batch_id, "model")
    assert response.json() == {"run_id": str(asked.run_id)}


async def test_service_that_does_not_answer_is_told_as_such(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    fakes.fail_next = 1

    response = await anna.get("/v1/batches")

    assert problem(response, 503) == "unavailable"
    assert response.headers["Retry-After"]


async def test_repeat_gets_the_first_answer(anna: httpx.AsyncClient, fakes: FakeServices) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    first = await anna.post("/v1/batches", json=NEW, headers=key)
    again = await anna.post("/v1/batches", json=NEW, headers=key)
    other = await anna.post("/v1/batches", json=NEW | {"name": "Other"}, headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert problem(other, 422) == "idempotency_key_reused"
    assert len(fakes.created) == 1


async def test_keys_of_different_owners_do_not_meet(
    anna: httpx.AsyncClient, bo: httpx.AsyncClient
) -> None:
    key = {"Idempotency-Key": "same"}

    first = await anna.post("/v1/batches", json=NEW, headers=key)
    second = await bo.post("/v1/batches", json=NEW, headers=key)

    assert first.json()["batch_id"] != second.json()["batch_id"]


async def test_repeat_after_the_replies_are_lost_creates_nothing_new(
    anna: httpx.AsyncClient, fakes: FakeServices, redis_url: str
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await anna.post("/v1/batches", json=NEW, headers=key)
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()

    again = await anna.post("/v1/batches", json=NEW, headers=key)

    assert again.json() == first.json()
    assert len(fakes.created) == 1


async def test_request_that_failed_may_be_sent_again_with_its_key(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    fakes.fail_next = 1

    assert problem(await anna.post("/v1/batches", json=NEW, headers=key), 503)
    assert (await anna.post("/v1/batches", json=NEW, headers=key)).status_code == 201


async def test_repeat_of_an_upload_is_told_by_its_files(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await created(anna)
    path, key = f"/v1/batches/{batch_id}/essays", {"Idempotency-Key": str(uuid4())}

    first = await anna.post(path, files=[("files", ("a.txt", b"one"))], headers=key)
    again = await anna.post(path, files=[("files", ("a.txt", b"one"))], headers=key)
    other = await anna.post(path, files=[("files", ("a.txt", b"two"))], headers=key)

    assert first.request.headers["Content-Type"] != again.request.headers["Content-Type"]
    assert again.json() == first.json()
    assert problem(other, 422) == "idempotency_key_reused"
    assert fakes.uploads[UUID(batch_id)] == [("a.txt", b"one")]


async def test_repeat_while_the_first_is_being_answered_is_put_off(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path, key = f"/v1/batches/{await created(anna)}/essays", {"Idempotency-Key": str(uuid4())}
    files = [("files", ("a.txt", b"one"))]
    fakes.before_upload.clear()
    first = asyncio.create_task(anna.post(path, files=files, headers=key))
    await fakes.uploading.wait()

    again = await anna.post(path, files=files, headers=key)
    fakes.before_upload.set()

    assert problem(again, 409) == "request_under_way"
    assert (await first).status_code == 200


async def test_key_that_cannot_be_one_is_refused(anna: httpx.AsyncClient) -> None:
    for key in ("", "x" * 256):
        response = await anna.post("/v1/batches", json=NEW, headers={"Idempotency-Key": key})
        assert problem(response, 400) == "invalid_idempotency_key"


async def test_description_of_the_api_is_made_from_the_code(browser: httpx.AsyncClient) -> None:
    described = (await browser.get("/openapi.json")).json()

    assert described["openapi"].startswith("3.1")
    create = described["paths"]["/v1/batches"]["post"]
    assert "application/problem+json" in create["responses"]["422"]["content"]
    assert [p["name"] for p in create["parameters"]] == ["idempotency-key"]
    upload = described["paths"]["/v1/batches/{batch_id}/essays"]["post"]
    assert "multipart/form-data" in upload["requestBody"]["content"]
    assert not [path for path in described["paths"] if not path.startswith("/v1/")]
