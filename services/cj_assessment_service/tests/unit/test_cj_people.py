"""People as judges, through the HTTP door and the events that follow."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import sqlalchemy as sa
from dishka import Provider
from sqlalchemy import select

from common_core.domain_enums import Language, RunControl
from common_core.events.cj_events import (
    AssessmentResultV1,
    CjAssessmentCompletedV1,
    CjAssessmentProgressedV1,
    CjAssessmentRequestedV1,
    CjWaveRequestedV1,
)
from common_core.http_models import OpenPair, OpenPairs, VerdictKept
from common_core.identifiers import BatchId, RunId, TextId
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, text_id_of
from services.cj_assessment_service.app import service
from services.cj_assessment_service.assessment import (
    Assessment,
    JudgeIsDone,
    Notes,
    Outcome,
    Pair,
    Verdict,
    Winner,
)
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.judges import Judges
from services.cj_assessment_service.silence import go_on_without_people
from services.cj_assessment_service.store import AssessmentRow, ComparisonRow
from services.cj_assessment_service.tests.conftest import (
    RUN,
    Driver,
    control,
    essay,
    request_for,
    result_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLASS = [essay(number) for number in range(6)]
LENGTH = {text_id_of(text): len(text) for text in CLASS}


class Room:
    """The people who compare a batch."""

    def __init__(self, harness: ServiceHarness, batch_id: BatchId) -> None:
        self._client = service.app(harness.container).test_client()
        self._path = f"/v1/batches/{batch_id}/pairs"

    async def pairs(self, person: str = "Ada", limit: int = 1) -> OpenPairs:
        query = {"person": person, "limit": limit}
        response = await self._client.get(self._path, query_string=query)
        assert response.status_code == HTTPStatus.OK, await response.get_data()
        return OpenPairs.model_validate_json(await response.get_data())

    async def pair(self, person: str = "Ada") -> OpenPair:
        found = await self.pairs(person)
        assert found.state == "open"
        return found.pairs[0]

    async def post(
        self, pair_id: uuid.UUID, winner: str = "first", person: str = "Ada", **more: Any
    ) -> tuple[int, Any]:
        body = {"pair_id": str(pair_id), "person": person, "winner": winner, **more}
        response = await self._client.post(self._path, json=body)
        return response.status_code, await response.get_json()

    async def say(self, pair: OpenPair, person: str = "Ada", **more: Any) -> VerdictKept:
        """The longer one is better."""
        longer = LENGTH[pair.first] > LENGTH[pair.second]
        status, body = await self.post(
            pair.pair_id, "first" if longer else "second", person, **more
        )
        assert status == HTTPStatus.OK, body
        return VerdictKept.model_validate(body)

    async def answer_all(self, people: Sequence[str] = ("Ada", "Bo")) -> int:
        """Everything that is open now, the people taking turns."""
        said = 0
        while True:
            person = people[said % len(people)]
            found = await self.pairs(person)
            if found.state != "open":
                return said
            await self.say(found.pairs[0], person)
            said += 1


async def begin(
    harness: ServiceHarness, texts: InMemoryTexts, judge: str = "people", **kwargs: Any
) -> tuple[CjAssessmentRequestedV1, Room, Driver]:
    """A batch whose first wave was begun."""
    for text in CLASS:
        await texts.put(text)
    request = request_for(CLASS, judge=judge, **kwargs)
    await harness.deliver(request)
    driver = Driver(harness)
    await driver.drive()
    return request, Room(harness, request.batch_id), driver


async def progress(harness: ServiceHarness) -> CjAssessmentProgressedV1:
    return (await harness.emitted(CjAssessmentProgressedV1))[-1].data


async def test_people_alone_rank_a_class(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    request, room, driver = await begin(harness, texts)
    said = 0
    while answered := await room.answer_all():
        said += answered
        await driver.drive()
    result = await result_of(harness)
    number = {each.essay_id: text_id for each in request.essays for text_id in [each.text_id]}
    ranked = [LENGTH[number[score.essay_id]] for score in result.essays]
    assert ranked == sorted(LENGTH.values(), reverse=True)
    assert (result.judge, result.comparisons) == ("people", said)
    assert (await room.pairs()).state == "over"
    async with harness.session() as session:
        people = set(await session.scalars(select(ComparisonRow.person)))
    assert people == {"Ada", "Bo"}


async def test_a_wave_waits_for_its_last_verdict_and_says_how_many_are_missing(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, driver = await begin(harness, texts)
    waiting = (await progress(harness)).waiting_for_people
    assert waiting == 9  # three rounds of three pairs
    for left in range(waiting - 1, -1, -1):
        assert await driver.drive() == 0
        kept = await room.say(await room.pair(), reason="  richer  ", degree=2)
        assert (kept.done, kept.total) == (waiting - left, waiting)
        assert (await progress(harness)).waiting_for_people == left
        assert (await progress(harness)).comparisons == waiting - left
    assert await driver.drive() > 0
    assert [wave.data.wave for wave in await harness.emitted(CjWaveRequestedV1)][:3] == [1, 1, 2]
    async with harness.session() as session:
        row = (await session.scalars(select(ComparisonRow).filter_by(wave=1).limit(1))).one()
    assert (row.reason, row.degree) == ("richer", 2)


async def test_a_verdict_delivered_twice_counts_once_and_cannot_be_changed(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts)
    pair = await room.pair()
    first = await room.post(pair.pair_id, "tie")
    assert await room.post(pair.pair_id, "tie") == first
    assert len(await harness.emitted(CjAssessmentProgressedV1)) == 3
    for other in ({"winner": "first"}, {"winner": "tie", "person": "Bo"}):
        status, body = await room.post(pair.pair_id, **other)
        assert (status, body["code"]) == (HTTPStatus.CONFLICT, "pair_compared")


async def test_the_last_verdict_twice_asks_for_the_wave_once(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts)
    pairs = (await room.pairs(limit=9)).pairs
    for pair in pairs:
        await room.post(pair.pair_id)
    await room.post(pairs[-1].pair_id)
    assert len(await harness.emitted(CjWaveRequestedV1)) == 2


async def test_two_people_never_have_the_same_pair(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts)
    people = [f"person {number}" for number in range(12)]
    found = await asyncio.gather(*(room.pairs(person) for person in people))
    shown = [pair.pair_id for each in found for pair in each.pairs]
    assert len(shown) == len(set(shown)) == 9
    assert sorted(each.state for each in found) == ["open"] * 9 + ["waiting"] * 3
    again = await room.pairs(people[[each.state for each in found].index("open")])
    assert again.pairs[0].pair_id in shown


async def test_a_pair_that_nobody_answers_is_given_to_somebody_else_in_time(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts)
    await room.pairs("Ada", limit=9)
    assert (await room.pairs("Bo")).state == "waiting"
    async with harness.session() as session:
        await session.execute(sa.update(ComparisonRow).values(reserved_until=sa.func.now()))
    pair = await room.pair("Bo")
    await room.say(pair, "Bo")
    status, body = await room.post(pair.pair_id, person="Ada")
    assert (status, body["code"]) == (HTTPStatus.CONFLICT, "pair_compared")


async def test_a_person_sees_two_texts_and_the_task_and_nothing_else(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    task = TextId("a" * 64)
    _, room, _ = await begin(harness, texts, assignment_text_id=task)
    found = await room.pairs()
    assert found.assignment_text_id == task
    assert set(found.pairs[0].model_dump()) == {"pair_id", "first", "second"}
    assert {found.pairs[0].first, found.pairs[0].second} <= set(LENGTH)


async def test_a_pair_of_another_batch_is_not_found(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts)
    pair = await room.pair()
    stranger = Room(harness, BatchId(uuid.uuid4()))
    assert (await stranger.pairs()).state == "waiting"
    for pair_id in (pair.pair_id, uuid.uuid4()):
        status, body = await stranger.post(pair_id)
        assert (status, body["code"]) == (HTTPStatus.NOT_FOUND, "pair_not_found")


@pytest.mark.parametrize(
    "wrong",
    [{"winner": "both"}, {"degree": 3}, {"winner": "tie", "degree": 1}, {"person": " "}],
)
async def test_what_is_no_verdict_is_refused(
    harness: ServiceHarness, texts: InMemoryTexts, wrong: dict[str, Any]
) -> None:
    _, room, _ = await begin(harness, texts)
    status, _ = await room.post((await room.pair()).pair_id, **{"winner": "first", **wrong})
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_a_batch_without_people_asks_nobody(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, _ = await begin(harness, texts, "offline")
    assert (await room.pairs()).state == "over"


class TestTogether:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cj_people_share=0.4)

    async def test_each_pair_has_one_judge_and_the_wave_waits_for_people(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        _, room, driver = await begin(harness, texts, "offline+people")
        assert await harness.emitted(AssessmentResultV1) == []
        async with harness.session() as session:
            rows = (await session.scalars(select(ComparisonRow))).all()
        by_people = {(row.first, row.second) for row in rows if row.judge == "people"}
        by_model = {(row.first, row.second) for row in rows if row.judge == "offline"}
        assert by_people
        assert by_model
        assert not by_people & by_model
        assert {row.winner is None for row in rows if row.judge == "offline"} == {False}
        assert (await progress(harness)).waiting_for_people == len(by_people)
        while await room.answer_all(["Ada"]):
            await driver.drive()
        result = await result_of(harness)
        assert result.judge == "offline+people"
        async with harness.session() as session:
            rows = (await session.scalars(select(ComparisonRow))).all()
        assert sum(row.winner is not None for row in rows) == result.comparisons
        assert 0.2 < sum(row.judge == "people" for row in rows) / len(rows) < 0.7

    async def test_ending_now_drops_the_pairs_that_people_have(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        request, room, driver = await begin(harness, texts, "offline+people")
        pair = await room.pair()
        await harness.deliver(control(RunControl.FINISH))
        await driver.drive()
        result = await result_of(harness)
        assert "ended early" in result.stop_reason
        assert len(result.essays) == len(request.essays)
        assert (await room.pairs()).state == "over"
        status, body = await room.post(pair.pair_id)
        assert (status, body["code"]) == (HTTPStatus.CONFLICT, "comparing_over")

    async def test_a_paused_wave_keeps_verdicts_and_goes_on_when_resumed(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        _, room, driver = await begin(harness, texts, "offline+people")
        pairs = (await room.pairs(limit=10)).pairs
        await harness.deliver(control(RunControl.PAUSE, 1))
        assert (await room.pairs()).state == "paused"
        for pair in pairs:
            await room.say(pair)
        assert await driver.drive() == 0
        await harness.deliver(control(RunControl.GO_ON, 2))
        await driver.drive()
        while await room.answer_all():
            await driver.drive()
        assert len((await result_of(harness)).essays) == len(CLASS)


class Spent:
    """A judge with money for a few verdicts."""

    def __init__(self) -> None:
        self.verdicts = 3

    async def read(self, text: str, language: Language) -> Notes:
        return {"length": len(text)}

    def version(self, assessment: Assessment) -> str:
        return "1"

    async def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        length = [each.notes["length"] for each in assessment.essays]
        for first, second in pairs:
            if self.verdicts == 0:
                raise JudgeIsDone("Its money is spent.")
            self.verdicts -= 1
            winner: Winner = "first" if length[first] > length[second] else "second"
            yield [Verdict((first, second), Outcome(winner))]


class TestBesideAModelWhoseMoneyIsSpent:
    @pytest.fixture
    def outside(self, outside: Provider) -> Provider:
        outside.provide(lambda: Judges({"gpt-x": Spent()}), provides=Judges)
        return outside

    async def test_people_compare_the_rest_and_the_result_says_so(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        request, room, driver = await begin(harness, texts, "gpt-x+people")
        said = 0
        while answered := await room.answer_all():
            said += answered
            await driver.drive()
        result = await result_of(harness)
        assert result.comparisons == said + 3
        assert "Its money is spent. The comparing went on without." in result.stop_reason
        ranked = [score.essay_id for score in result.essays]
        by_length = sorted(request.essays, key=lambda each: -LENGTH[each.text_id])
        assert ranked == [each.essay_id for each in by_length]
        assert result.comparisons >= 15  # every pair, those left open by the model too


async def people_stay_away(harness: ServiceHarness) -> None:
    """Thirty days pass, and somebody looks twice."""
    async with harness.session() as session:
        month = sa.func.now() - timedelta(days=30)
        await session.execute(sa.update(AssessmentRow).values(people_heard_at=month))
    for _ in range(2):
        await go_on_without_people(harness.transactions, Settings())


async def test_what_people_compared_counts_when_they_stay_away(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, driver = await begin(harness, texts)
    pairs = (await room.pairs(limit=9)).pairs
    for pair in pairs[:-1]:
        await room.say(pair)
    await go_on_without_people(harness.transactions, Settings())
    assert await driver.drive() == 0
    await people_stay_away(harness)
    assert await driver.drive() == 1
    result = await result_of(harness)
    assert result.comparisons == 8
    assert result.stop_reason == (
        "People have compared nothing for 30 days."
        " The ranking rests on the comparisons made so far."
    )
    status, body = await room.post(pairs[-1].pair_id)
    assert (status, body["code"]) == (HTTPStatus.CONFLICT, "comparing_over")


async def test_too_few_comparisons_by_people_who_stay_away_make_no_ranking(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request, room, driver = await begin(harness, texts)
    await room.say(await room.pair())
    await people_stay_away(harness)
    await driver.drive()
    assert await harness.emitted(AssessmentResultV1) == []
    [completed] = await harness.emitted(CjAssessmentCompletedV1)
    assert {failed.code for failed in completed.data.failed} == {"too_few_comparisons"}
    assert len(completed.data.failed) == len(request.essays)


async def test_a_model_goes_on_without_people_who_stay_away(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, driver = await begin(harness, texts, "offline+people")
    await people_stay_away(harness)
    assert (await room.pairs()).state == "over"
    await driver.drive()
    result = await result_of(harness)
    assert "without" in result.stop_reason
    assert {judge.judge for judge in result.judges} == {"offline"}
    assert len(result.essays) == len(CLASS)


@pytest.mark.parametrize("wanted", [RunControl.PAUSE, RunControl.GO_ON])
async def test_nobody_is_missed_while_a_batch_is_paused_or_just_resumed(
    harness: ServiceHarness, texts: InMemoryTexts, wanted: RunControl
) -> None:
    _, _, driver = await begin(harness, texts)
    await harness.deliver(control(RunControl.PAUSE, 1))
    await people_stay_away(harness)
    await harness.deliver(control(wanted, 2))
    await go_on_without_people(harness.transactions, Settings())
    await driver.drive()
    assert await harness.emitted(CjAssessmentCompletedV1) == []


async def test_cancelled_comparing_says_nothing_more(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    _, room, driver = await begin(harness, texts)
    pair = await room.pair()
    await harness.deliver(control(RunControl.CANCEL))
    assert (await room.pairs()).state == "over"
    status, _ = await room.post(pair.pair_id)
    assert status == HTTPStatus.CONFLICT
    assert await driver.drive() == 0
    assert await harness.emitted(CjAssessmentCompletedV1) == []


async def test_a_run_cancelled_before_it_was_heard_of_never_begins(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await harness.deliver(control(RunControl.CANCEL))
    await begin(harness, texts, "offline")
    assert await harness.emitted(AssessmentResultV1) == []


async def test_verdicts_of_people_are_taken_over_by_the_next_run(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request, room, driver = await begin(harness, texts)
    while await room.answer_all():
        await driver.drive()
    result = await result_of(harness)
    assert request.run_id == RUN
    later = RunId(uuid.uuid4())
    await begin(harness, texts, run_id=later, batch_id=request.batch_id, extra_comparisons=1)
    assert result.comparisons >= 15  # every pair of six essays: nobody need be asked again
    assert (await room.pairs()).state == "over"
    *_, again = await harness.emitted(AssessmentResultV1)
    assert (again.data.run_id, again.data.comparisons) == (
        later,
        result.comparisons,
    )
