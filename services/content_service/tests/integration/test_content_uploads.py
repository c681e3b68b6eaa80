import asyncio
import hashlib
from uuid import uuid4

import pytest
from quart import Quart

from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from huleedu_service_libs.testing.harness import ServiceHarness
from services.content_service.tests.files import docx, paragraph, pdf, run, set_lines
from services.content_service.tests.uploading import BOUNDARY, multipart, send, upload

ESSAY = ("essay.txt", "Jag bor på Öland.".encode())


async def test_each_file_becomes_a_text_that_is_announced(
    app: Quart, harness: ServiceHarness
) -> None:
    batch, correlation = uuid4(), uuid4()
    files = [
        ESSAY,
        ("två.docx", docx(paragraph(run("I live in Malmö.")))),
        ("tre.pdf", pdf(set_lines(["We live in Lund."]))),
    ]
    answer = await send(app, batch, multipart(*files), **{"X-Correlation-ID": str(correlation)})
    assert answer.status == 200
    assert answer.outcomes == [(name, "accepted", None) for name, _ in files]
    events = {
        event.data.file_name: event for event in await harness.emitted(EssayContentProvisionedV1)
    }
    for (name, data), text in zip(
        files, ["Jag bor på Öland.", "I live in Malmö.", "We live in Lund."], strict=True
    ):
        event = events[name]
        assert (event.data.batch_id, event.correlation_id) == (batch, correlation)
        assert event.data.file_hash == hashlib.sha256(data).hexdigest()
        assert (event.data.word_count, event.data.character_count) == (4, len(text))
        stored = await app.test_client().get(f"/v1/texts/{event.data.text_id}")
        assert await stored.get_data(as_text=True) == text


async def test_a_bad_file_among_good_ones_is_refused_alone(
    app: Quart, harness: ServiceHarness
) -> None:
    batch = uuid4()
    answer = await upload(
        app,
        batch,
        ("a.txt", b"One good essay."),
        ("b.docx", b"This is only text."),
        ("c.txt", b""),
        ("d.txt", b"Another good essay."),
    )
    assert answer.status == 200
    assert answer.outcomes == [
        ("a.txt", "accepted", None),
        ("b.docx", "rejected", "not_what_it_says"),
        ("c.txt", "rejected", "empty_file"),
        ("d.txt", "accepted", None),
    ]
    refused = {
        event.data.file_name: event.data for event in await harness.emitted(EssayContentRejectedV1)
    }
    assert set(refused) == {"b.docx", "c.txt"}
    assert refused["b.docx"].reason == answer.body["files"][1]["reason"]
    assert len(await harness.emitted(EssayContentProvisionedV1)) == 2


async def test_the_same_file_again_is_a_duplicate_and_says_nothing(
    app: Quart, harness: ServiceHarness
) -> None:
    batch = uuid4()
    await upload(app, batch, ESSAY)
    assert (await upload(app, batch, ESSAY)).outcomes == [("essay.txt", "duplicate", "duplicate")]
    assert len(await harness.emitted()) == 1


async def test_a_refused_file_sent_again_gets_the_same_answer_and_says_nothing(
    app: Quart, harness: ServiceHarness
) -> None:
    batch = uuid4()
    first = await upload(app, batch, ("photo.jpg", b"\xff\xd8\xff\xe0"))
    assert await upload(app, batch, ("photo.jpg", b"\xff\xd8\xff\xe0")) == first
    assert first.outcomes == [("photo.jpg", "rejected", "picture")]
    assert len(await harness.emitted()) == 1


async def test_uploads_of_one_file_at_the_same_time_are_announced_once(
    app: Quart, harness: ServiceHarness
) -> None:
    batch = uuid4()
    answers = await asyncio.gather(*(upload(app, batch, ESSAY, ESSAY) for _ in range(3)))
    statuses = [status for answer in answers for _, status, _ in answer.outcomes]
    assert sorted(statuses) == ["accepted", *["duplicate"] * 5]
    assert len(await harness.emitted()) == 1


async def test_equal_texts_of_two_batches_are_stored_once_and_announced_twice(
    app: Quart, harness: ServiceHarness
) -> None:
    for batch in (uuid4(), uuid4()):
        assert (await upload(app, batch, ESSAY)).outcomes == [("essay.txt", "accepted", None)]
    first, second = await harness.emitted(EssayContentProvisionedV1)
    assert first.data.text_id == second.data.text_id
    assert first.event_id != second.event_id


async def test_an_event_has_the_same_id_however_often_its_file_is_taken(
    app: Quart, harness: ServiceHarness
) -> None:
    """As after a restore of the database from before the upload."""
    batch = uuid4()
    ids = []
    for _ in range(2):
        await upload(app, batch, ESSAY)
        ids += [event.event_id for event in await harness.emitted()]
        await harness.forget_emitted()
        async with harness.session() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("TRUNCATE uploads")
    assert len(ids) == 2
    assert ids[0] == ids[1]


async def test_the_same_name_with_another_text_is_another_essay(
    app: Quart, harness: ServiceHarness
) -> None:
    batch = uuid4()
    answer = await upload(app, batch, ("essay.txt", b"One."), ("essay.txt", b"Two."))
    assert [status for _, status, _ in answer.outcomes] == ["accepted", "accepted"]
    assert len(await harness.emitted(EssayContentProvisionedV1)) == 2


async def test_names_are_composed_and_kept_to_one_line(app: Quart) -> None:
    answer = await upload(app, uuid4(), ("ma\u030al\x07 \u200bett.txt", b"One."))
    assert answer.outcomes == [("mål ett.txt", "accepted", None)]


async def test_a_file_over_its_limit_is_refused_and_the_others_are_taken(
    app: Quart, harness: ServiceHarness
) -> None:
    large = b"word " * 100_000
    answer = await upload(app, uuid4(), ("large.txt", large), ("small.txt", b"One."))
    assert answer.outcomes == [
        ("large.txt", "rejected", "file_too_large"),
        ("small.txt", "accepted", None),
    ]
    [refused] = await harness.emitted(EssayContentRejectedV1)
    assert refused.data.file_hash == hashlib.sha256(large).hexdigest()
    assert "larger than 0.3 MB" in refused.data.reason


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
async def test_an_upload_over_the_limit_is_413_and_leaves_nothing(
    app: Quart, harness: ServiceHarness, *, declared: bool
) -> None:
    body = multipart(*[(f"{n}.txt", b"word " * 50_000) for n in range(10)])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if declared:
        headers["Content-Length"] = str(len(body))
    async with app.test_client().request(
        f"/v1/batches/{uuid4()}/essays", method="POST", headers=headers
    ) as connection:
        for start in range(0, len(body), 50_000):
            await connection.send(body[start : start + 50_000])
        await connection.send_complete()
    response = await connection.as_response()
    problem = await response.get_json(force=True)
    assert response.status_code == 413
    assert response.mimetype == "application/problem+json"
    assert problem["code"] == "upload_too_large"
    assert "2 MB" in problem["detail"]
    assert await harness.emitted() == []


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (multipart(), f"multipart/form-data; boundary={BOUNDARY}", 422, "no_files"),
        (
            multipart(ESSAY)[:-40],
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
            "malformed_upload",
        ),
        (b"", f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_upload"),
        (b"junk", f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_upload"),
        (multipart(ESSAY), "multipart/form-data", 415, "not_multipart"),
        (b"Hello", "text/plain", 415, "not_multipart"),
        (
            multipart(*[(f"{n}.txt", b"") for n in range(1_100)]),
            f"multipart/form-data; boundary={BOUNDARY}",
            413,
            "too_many_files",
        ),
    ],
    ids=["no files", "cut off", "empty", "junk", "no boundary", "not a form", "too many"],
)
async def test_an_upload_that_is_none_is_a_problem_with_a_code(
    app: Quart, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await send(app, uuid4(), body, **{"Content-Type": content_type})
    assert (answer.status, answer.body["code"]) == (status, code)


async def test_fields_beside_the_files_are_ignored(app: Quart) -> None:
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nHello\r\n'
    answer = await send(app, uuid4(), field.encode() + multipart(ESSAY))
    assert answer.outcomes == [("essay.txt", "accepted", None)]


async def test_a_batch_id_that_is_none_is_not_found(app: Quart) -> None:
    response = await app.test_client().post("/v1/batches/none/essays")
    assert response.status_code == 404


async def test_a_class_set_is_taken_whole(app: Quart) -> None:
    files = [(f"{n}.docx", docx(paragraph(run(f"Essay number {n}. " * 100)))) for n in range(30)]
    answer = await upload(app, uuid4(), *files)
    assert {status for _, status, _ in answer.outcomes} == {"accepted"}
