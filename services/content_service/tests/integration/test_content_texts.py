import hashlib
from uuid import uuid4

import pytest
from quart import Quart

from huleedu_service_libs.testing.harness import ServiceHarness

TEXT = "  Rad ett\r\nrad två – a\u030a 🙂\n"
TEXTS = f"/v1/batches/{uuid4()}/texts"


async def test_a_text_comes_back_exactly_as_it_was_put(app: Quart) -> None:
    client = app.test_client()
    put = await client.post(TEXTS, data=TEXT.encode())
    text_id = (await put.get_json())["text_id"]
    assert text_id == hashlib.sha256(TEXT.encode()).hexdigest()
    got = await client.get(f"/v1/texts/{text_id}")
    assert got.content_type == "text/plain; charset=utf-8"
    assert await got.get_data() == TEXT.encode()


async def test_putting_a_text_twice_changes_nothing(app: Quart, harness: ServiceHarness) -> None:
    ids = {
        (await (await app.test_client().post(TEXTS, data=b"Hello.")).get_json())["text_id"]
        for _ in range(2)
    }
    assert len(ids) == 1
    assert await harness.emitted() == []


async def test_an_unknown_text_is_not_found(app: Quart) -> None:
    response = await app.test_client().get(f"/v1/texts/{'0' * 64}")
    assert response.status_code == 404
    assert (await response.get_json(force=True))["code"] == "text_not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"\xff\xfe", 422, "not_text"),
        (b"a\x00b", 422, "not_text"),
        (b"x" * 20_001, 413, "text_too_long"),
    ],
)
async def test_what_is_no_text_is_refused(app: Quart, body: bytes, status: int, code: str) -> None:
    response = await app.test_client().post(TEXTS, data=body)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert (await response.get_json(force=True))["code"] == code
