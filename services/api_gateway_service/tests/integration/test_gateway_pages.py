import re
from html.parser import HTMLParser
from uuid import UUID

import httpx
import pytest

from common_core.domain_enums import BatchStatus
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.samples import (
    HOSTILE,
    TEXT,
    compared_results,
    essay_id,
    progress,
    results,
)


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def assets(self) -> set[str]:
        found = (attrs.get("src") or attrs.get("href") for tag, attrs in self.tags if tag != "a")
        return {address for address in found if address}


@pytest.fixture
async def teacher(browser: httpx.AsyncClient, address: str) -> httpx.AsyncClient:
    """Anna in her browser."""
    response = await browser.get("/login?key=anna-key")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    browser.headers["Origin"] = address
    return browser


async def hand_in(teacher: httpx.AsyncClient, **fields: str) -> httpx.Response:
    files = [("files", ("a.txt", b"one")), ("files", ("b, final.txt", b"two"))]
    form = {"name": "Class 9B", "language": "sv", "form_id": "f"}
    return await teacher.post("/batches", data=form | fields, files=files)


async def batch_of(teacher: httpx.AsyncClient) -> UUID:
    response = await hand_in(teacher)
    assert response.status_code == 303, response.text
    return UUID(response.headers["Location"].removeprefix("/batches/"))


async def test_whoever_is_not_logged_in_is_sent_to_the_login(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/")

    assert (response.status_code, response.headers["Location"]) == (303, "/login")
    assert (await browser.get("/login")).status_code == 200


async def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx.AsyncClient,
) -> None:
    cookie = (await browser.get("/login?key=anna-key")).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "anna-key" not in cookie


async def test_wrong_key_gets_no_session(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/login?key=wrong")

    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers


async def test_tampered_session_is_none(teacher: httpx.AsyncClient) -> None:
    [(name, value)] = teacher.cookies.items()
    teacher.cookies.clear()
    for tampered in (value[:-1] + ("0" if value[-1] != "0" else "1"), "9" + value, "", "x.y"):
        response = await teacher.get("/", headers={"Cookie": f"{name}={tampered}"})
        assert response.status_code == 303


async def test_logging_out_ends_the_session(teacher: httpx.AsyncClient) -> None:
    assert (await teacher.get("/")).status_code == 200
    await teacher.post("/logout")

    assert (await teacher.get("/")).status_code == 303


@pytest.mark.parametrize("path", ["/batches", "/v1/batches", "/logout"])
async def test_form_of_another_site_is_refused(
    teacher: httpx.AsyncClient, fakes: FakeServices, path: str
) -> None:
    for origin in ("http://elsewhere.example", "null"):
        response = await teacher.post(path, data={"name": "x"}, headers={"Origin": origin})
        assert response.status_code == 403
    del teacher.headers["Origin"]
    assert (await teacher.post(path, data={"name": "x"})).status_code == 403
    assert not fakes.created


async def test_class_set_is_handed_in_without_javascript(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    response = await hand_in(
        teacher,
        assignment="The sea",
        rubric="Facts first.",
        glossary="Zeynep\r\n\r\n fika ",
        anchors="b, final.txt, B\n\n",
        grade_scale="A, B",
    )

    [batch] = fakes.created
    assert response.headers["Location"] == f"/batches/{batch.batch_id}"
    assert (batch.owner_id, batch.language, batch.essay_count) == ("anna", "sv", 2)
    assert [(anchor.file, anchor.grade) for anchor in batch.anchors] == [("b, final.txt", "B")]
    assert batch.grade_scale == ("A", "B")
    assert batch.glossary == ("Zeynep", "fika")
    assert batch.rubric_text_id is not None
    assert fakes.texts[batch.rubric_text_id] == "Facts first."
    assert fakes.uploads[batch.batch_id] == [("a.txt", b"one"), ("b, final.txt", b"two")]


async def test_form_sent_twice_is_one_batch(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    first, second = await hand_in(teacher), await hand_in(teacher)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(fakes.created) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "name:"),
        ({"anchors": "a.txt"}, "is not of the form"),
        ({"name": "refuse me"}, "No such grade."),
    ],
)
async def test_form_says_what_is_wrong_and_keeps_what_was_filled_in(
    teacher: httpx.AsyncClient, fields: dict[str, str], sentence: str
) -> None:
    response = await hand_in(teacher, assignment="<b>Sea</b>", **fields)

    page = Page(response.text)
    assert response.status_code == 422
    assert sentence in page.text
    assert "<b>Sea</b>" in page.text


async def test_form_without_files_is_refused(teacher: httpx.AsyncClient) -> None:
    response = await teacher.post("/batches", data={"name": "x"}, files={"files": ("", b"")})

    assert (response.status_code, "Choose the essays" in response.text) == (422, True)


async def test_pages_show_a_batch_from_upload_to_ranking(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    new = Page((await teacher.get(f"/batches/{batch_id}")).text)
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "Spelling is under way."))
    working = Page((await teacher.get(f"/batches/{batch_id}")).text)
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "Done."))
    fakes.results[batch_id] = results(batch_id, fakes)
    done = Page((await teacher.get(f"/batches/{batch_id}")).text)

    assert "Waiting for essays." in new.text
    assert "Spelling is under way." in working.text
    assert "It is a scan." in working.text
    assert "Demonstration judge, not for grading." in done.text
    assert "0.00 ± 0.50" in done.text
    assert any(tag == "svg" for tag, _ in done.tags)


async def test_essay_page_has_the_text_with_its_marks(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.results[batch_id] = results(batch_id, fakes)

    response = await teacher.get(f"/batches/{batch_id}/essays/{essay_id(batch_id)}")

    assert "<del>beleive</del>" in response.text
    assert "Demonstration judge, not for grading." in response.text
    assert "<script>alert(1)</script>" in Page(response.text).text
    refused = results(batch_id, fakes).essays[1].essay_id
    assert "It is a scan." in (await teacher.get(f"/batches/{batch_id}/essays/{refused}")).text


async def test_pages_tell_where_to_look_first_and_what_a_place_is_made_of(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.results[batch_id] = compared_results(batch_id, fakes)
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, "Done."))

    ranking = (await teacher.get(f"/batches/{batch_id}")).text
    essay = (await teacher.get(f"/batches/{batch_id}/essays/{essay_id(batch_id)}")).text

    assert "Look at this one first" in ranking
    assert "87 %" in ranking
    assert f"/v1/batches/{batch_id}/verdicts.csv" in ranking
    assert "clearly worse than" in essay
    assert "It &lt;argues&gt; better." in essay
    assert "The anchor above it is" in essay
    assert "near the border" in essay


async def test_an_essay_is_shown_while_its_comparisons_cannot_be_had(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.results[batch_id] = compared_results(batch_id, fakes)
    fakes.logs_broken = True

    response = await teacher.get(f"/batches/{batch_id}/essays/{essay_id(batch_id)}")

    assert response.status_code == 200
    assert "<del>beleive</del>" in response.text
    assert "The anchor above it is" in response.text


async def test_no_page_runs_or_loads_what_is_not_ours(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.show(progress(batch_id, BatchStatus.RUNNING, HOSTILE))
    pages = [await teacher.get(path) for path in ("/", f"/batches/{batch_id}", "/login")]
    fakes.show(progress(batch_id, BatchStatus.COMPLETED, TEXT))
    fakes.results[batch_id] = results(batch_id, fakes)
    last = ("", f"/essays/{essay_id(batch_id)}", f"/essays/{batch_id}")
    pages += [await teacher.get(f"/batches/{batch_id}{path}") for path in last]

    for response in pages:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        page = Page(response.text)
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert [attrs.get("src") for attrs in scripts] == ["/assets/gateway.js"]
        assert not [
            a for _, attrs in page.tags for a in attrs if a.startswith("on") or a == "style"
        ]
        for asset in page.assets:
            assert (await teacher.get(asset)).status_code == 200, asset


async def test_an_asset_is_not_sent_again_while_it_is_the_same(browser: httpx.AsyncClient) -> None:
    for name, kind in (("report.css", "text/css"), ("icon.svg", "image/svg+xml")):
        first = await browser.get(f"/assets/{name}")
        again = await browser.get(
            f"/assets/{name}", headers={"If-None-Match": first.headers["ETag"]}
        )

        assert first.headers["Content-Type"].startswith(kind)
        assert first.headers["Cache-Control"] == "no-cache"
        assert (again.status_code, again.content) == (304, b"")
    assert (await browser.get("/assets/..%2fpages.py")).status_code == 404


async def test_scripts_and_styles_name_no_other_host(teacher: httpx.AsyncClient) -> None:
    for asset in ("gateway.js", "gateway.css", "report.css"):
        assert not re.search(r"https?://|@import", (await teacher.get(f"/assets/{asset}")).text)


async def test_somebody_else_s_batch_is_not_shown(
    teacher: httpx.AsyncClient, bo: httpx.AsyncClient
) -> None:
    new = {"name": "Secret", "language": "en", "essay_count": 1}
    batch_id = (await bo.post("/v1/batches", json=new)).json()["batch_id"]

    response = await teacher.get(f"/batches/{batch_id}")

    assert response.status_code == 404
    assert "Secret" not in response.text


async def test_page_says_so_when_a_service_does_not_answer(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    fakes.fail_next = 1

    response = await teacher.get("/")

    assert response.status_code == 503
    assert "Try again in a few seconds." in response.text
