"""People compare, and owners control, through the API and on the pages."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from common_core.domain_enums import BatchStatus, Language, PhaseName
from common_core.http_models import OpenPair, OpenPairs, PhaseProgress
from services.api_gateway_service.tests.fakes import FakeServices
from services.api_gateway_service.tests.integration.test_gateway_batches import created, problem
from services.api_gateway_service.tests.integration.test_gateway_pages import (
    Page,
    batch_of,
    teacher,
)
from services.api_gateway_service.tests.samples import HOSTILE, progress, results

__all__ = ["teacher"]  # the fixture

ONE, OTHER = "The sea is deep.", "<b>The sea</b> is wide."
PAIR = UUID(int=5)
Show = Callable[..., OpenPairs]


@pytest.fixture
def show(fakes: FakeServices) -> Show:
    """Let the comparing service have a pair, or another answer."""

    def shown(state: str = "open") -> OpenPairs:
        pair = OpenPair(pair_id=PAIR, first=fakes.put(ONE), second=fakes.put(OTHER))
        fakes.pairs = OpenPairs.model_validate(
            {
                "state": state,
                "done": 12,
                "total": 30,
                "language": Language.ENGLISH,
                "assignment_text_id": fakes.put("Write about the sea."),
                "rubric_text_id": fakes.put("Facts first."),
                "pairs": (pair,) if state == "open" else (),
            }
        )
        return fakes.pairs

    return shown


# The API


async def test_a_pair_has_its_two_texts_and_the_assignment_and_no_name(
    anna: httpx.AsyncClient, fakes: FakeServices, show: Show
) -> None:
    show()
    batch_id = await created(anna)
    response = await anna.get(f"/v1/batches/{batch_id}/pairs", params={"person": "Ada"})
    assert response.json() == {
        "state": "open",
        "done": 12,
        "total": 30,
        "language": "en",
        "assignment": "Write about the sea.",
        "rubric": "Facts first.",
        "pairs": [{"pair_id": str(PAIR), "first": ONE, "second": OTHER}],
    }
    await anna.get(f"/v1/batches/{batch_id}/pairs", params={"limit": 4})
    assert fakes.asked == [("Ada", 1), ("anna", 4)]
    for wrong in ({"limit": 11}, {"person": " "}):
        response = await anna.get(f"/v1/batches/{batch_id}/pairs", params=wrong)
        assert problem(response, 422) == "invalid_request"


async def test_a_verdict_is_passed_on_once_for_each_key(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path = f"/v1/batches/{await created(anna)}/pairs"
    body = {"pair_id": str(PAIR), "winner": "second", "degree": 2, "reason": "Richer."}
    for _ in range(2):
        response = await anna.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert response.json() == {"pair_id": str(PAIR), "done": 1, "total": 9}
    [verdict] = fakes.verdicts
    assert (verdict.person, verdict.winner, verdict.degree) == ("anna", "second", 2)
    assert problem(await anna.post(path, json=body), 409) == "pair_compared"
    tie = {"pair_id": str(PAIR), "winner": "tie", "degree": 1}
    assert problem(await anna.post(path, json=tie), 422) == "invalid_request"


async def test_an_owner_controls_a_batch(anna: httpx.AsyncClient, fakes: FakeServices) -> None:
    path = f"/v1/batches/{await created(anna)}"
    for wanted in ("pause", "resume", "cancel"):
        assert (await anna.post(f"{path}/{wanted}")).status_code == 200
    assert fakes.controls == ["pause", "resume", "cancel"]
    assert problem(await anna.post(f"{path}/finish"), 409) == "not_comparing"
    assert (await anna.post(f"{path}/explode")).status_code == 404


async def test_a_budget_is_the_same_request_when_its_key_is(
    anna: httpx.AsyncClient, fakes: FakeServices
) -> None:
    path = f"/v1/batches/{await created(anna)}/budget"
    for key in ("k", "k", "l"):
        response = await anna.post(
            path, json={"comparisons_per_essay": 6}, headers={"Idempotency-Key": key}
        )
        assert response.status_code == 200
    assert len(fakes.budgets) == 2
    assert len({budget.request_id for budget in fakes.budgets}) == 2
    assert problem(await anna.post(path, json={"comparisons_per_essay": 0}), 422)


async def test_batches_of_others_cannot_be_compared_or_controlled(
    anna: httpx.AsyncClient, bo: httpx.AsyncClient, fakes: FakeServices, show: Show
) -> None:
    show()
    path = f"/v1/batches/{await created(anna)}"
    verdict = {"pair_id": str(PAIR), "winner": "first"}
    asked: list[Awaitable[httpx.Response]] = [
        bo.get(f"{path}/pairs"),
        bo.post(f"{path}/pairs", json=verdict),
        bo.post(f"{path}/pause"),
        bo.post(f"{path}/budget", json={"comparisons_per_essay": 6}),
    ]
    for response in asked:
        assert problem(await response, 404) == "batch_not_found"
    assert (fakes.asked, fakes.verdicts, fakes.controls, fakes.budgets) == ([], [], [], [])


@pytest.mark.parametrize("judge", ["gpt-x+", "people+people"])
async def test_judges_that_cannot_be_read_are_refused(anna: httpx.AsyncClient, judge: str) -> None:
    body = {"name": "x", "language": "en", "essay_count": 1, "judge": judge}
    response = await anna.post("/v1/batches", json=body)
    assert problem(response, 422) == "invalid_request"
    assert judge in response.json()["detail"]


# The pages


async def test_the_page_asks_who_compares_before_it_shows_a_pair(
    teacher: httpx.AsyncClient, fakes: FakeServices, show: Show
) -> None:
    show()
    batch_id = await batch_of(teacher)
    page = Page((await teacher.get(f"/batches/{batch_id}/compare")).text)
    assert ONE not in page.text
    assert "person" in {attrs.get("name") for tag, attrs in page.tags if tag == "input"}
    assert fakes.asked == []


async def test_the_page_shows_two_texts_as_text_without_names_and_works_as_a_form(
    teacher: httpx.AsyncClient, fakes: FakeServices, show: Show
) -> None:
    show()
    batch_id = await batch_of(teacher)
    path = f"/batches/{batch_id}/compare"
    response = await teacher.get(path, params={"person": "Ada"})
    page = Page(response.text)
    for said in (ONE, OTHER, "Write about the sea.", "12 of 30 comparisons"):
        assert said in page.text
    assert "a.txt" not in response.text
    values = [attrs.get("value") for tag, attrs in page.tags if tag == "button"]
    assert [v for v in values if v] == ["first-2", "first-1", "tie", "second-1", "second-2"]

    hidden = {
        str(attrs["name"]): attrs["value"]
        for tag, attrs in page.tags
        if tag == "input" and attrs.get("type") == "hidden"
    }
    form = {**hidden, "verdict": "second-2", "reason": ""}
    response = await teacher.post(path, data=form)
    assert (response.status_code, response.headers["Location"]) == (303, f"{path}?person=Ada")
    [verdict] = fakes.verdicts
    assert (verdict.pair_id, verdict.person, verdict.winner, verdict.degree, verdict.reason) == (
        PAIR,
        "Ada",
        "second",
        2,
        None,
    )
    again = await teacher.post(path, data=form)
    assert again.status_code == 303
    page = Page((await teacher.get(again.headers["Location"])).text)
    assert "answered elsewhere" in page.text


@pytest.mark.parametrize(
    ("state", "said"),
    [("waiting", "others have the rest"), ("paused", "resumed"), ("over", "no more comparisons")],
)
async def test_the_page_says_why_there_is_no_pair(
    teacher: httpx.AsyncClient, show: Show, state: str, said: str
) -> None:
    show(state)
    batch_id = await batch_of(teacher)
    page = Page((await teacher.get(f"/batches/{batch_id}/compare?person=Ada")).text)
    assert said in page.text
    refreshes = [attrs for tag, attrs in page.tags if attrs.get("http-equiv") == "refresh"]
    assert bool(refreshes) is (state != "over")


async def test_the_batch_page_links_to_comparing_while_people_are_waited_for(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    shown = progress(batch_id, BatchStatus.RUNNING, "Waiting for 7 comparisons by people.")
    for waiting in (7, 0):
        fakes.show(shown.model_copy(update={"waiting_for_people": waiting}))
        page = Page((await teacher.get(f"/batches/{batch_id}")).text)
        [people] = [attrs for tag, attrs in page.tags if attrs.get("id") == "people"]
        assert ("hidden" in people) is (waiting == 0)


async def test_the_batch_page_has_buttons_that_work(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    fakes.show(progress(batch_id, BatchStatus.RUNNING, "Comparison is under way."))
    page = Page((await teacher.get(f"/batches/{batch_id}")).text)
    actions = {attrs.get("action") for tag, attrs in page.tags if tag == "form"}
    for wanted in ("pause", "resume", "finish", "cancel"):
        path = f"/batches/{batch_id}/{wanted}"
        assert path in actions
        response = await teacher.post(path)
        assert (response.status_code, response.headers["Location"]) == (303, f"/batches/{batch_id}")
    assert fakes.controls == ["pause", "resume", "cancel"]

    path = f"/batches/{batch_id}/budget"
    assert path in actions
    for _ in range(2):
        form = {"comparisons_per_essay": "6", "form_id": "f"}
        assert (await teacher.post(path, data=form)).status_code == 303
    assert len({budget.request_id for budget in fakes.budgets}) == 1
    assert (await teacher.post(path, data={"comparisons_per_essay": "many"})).status_code == 422


async def test_the_buttons_cannot_be_pressed_from_another_site(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    teacher.headers["Origin"] = "https://elsewhere.example"
    for path in ("cancel", "compare"):
        assert (await teacher.post(f"/batches/{batch_id}/{path}")).status_code == 403
    assert fakes.controls == []


async def test_a_batch_that_is_over_offers_to_compare_more(
    teacher: httpx.AsyncClient, fakes: FakeServices
) -> None:
    batch_id = await batch_of(teacher)
    shown = progress(batch_id, BatchStatus.COMPLETED, "All went through.")
    phase = PhaseProgress(
        name=PhaseName.CJ_ASSESSMENT, title="Comparison", status="done", done=3, total=3
    )
    fakes.show(shown.model_copy(update={"phases": (phase,)}))
    fakes.results[batch_id] = results(batch_id, fakes)
    page = Page((await teacher.get(f"/batches/{batch_id}")).text)
    assert "Compare more" in page.text
    assert HOSTILE in page.text
    assert f"/batches/{batch_id}/budget" in {a.get("action") for t, a in page.tags if t == "form"}
