"""Runs that are paused, enlarged, or follow one another: no verdict is asked for twice."""

import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from statistics import median

import pytest
from dishka import Provider

from common_core.domain_enums import Language, RunControl
from common_core.events.cj_events import AssessmentResultV1, CjWaveRequestedV1
from common_core.identifiers import RunId, TextId
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, text_id_of
from services.cj_assessment_service.assessment import (
    Assessment,
    Notes,
    Outcome,
    Pair,
    Verdict,
)
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.judges import Judges
from services.cj_assessment_service.tests.conftest import (
    Driver,
    control,
    drive,
    essay,
    request_for,
    result_of,
    take,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLASS = [essay(number) for number in range(12)]


class Bought:
    """A judge whose answers come one by one and are counted by the texts they are about."""

    def __init__(self) -> None:
        self.texts: list[tuple[TextId, TextId]] = []
        self.after_each: Callable[[], Awaitable[object]] | None = None
        self.model = "x-1"

    async def read(self, text: str, language: Language) -> Notes:
        return {"length": len(text)}

    def version(self, assessment: Assessment) -> str:
        return self.model

    async def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        length = [each.notes["length"] for each in assessment.essays]
        for first, second in pairs:
            one, other = assessment.essays[first].text_id, assessment.essays[second].text_id
            self.texts.append((one, other))
            better = length[first] + hash_of(one, other) > length[second]
            yield [Verdict((first, second), Outcome("first" if better else "second"))]
            if self.after_each is not None:
                await self.after_each()


def hash_of(one: TextId, other: TextId) -> int:
    """Noise that does not vary, so that the target is not reached at once."""
    return int(one[:6] + other[:6], 16) % 400 - 200


@pytest.fixture
def bought() -> Bought:
    return Bought()


@pytest.fixture
def settings() -> Settings:
    return Settings(cj_comparisons_per_essay=8)


@pytest.fixture
def outside(outside: Provider, bought: Bought) -> Provider:
    outside.provide(lambda: Judges({"gpt-x": bought}), provides=Judges)
    return outside


async def results(harness: ServiceHarness) -> list[AssessmentResultV1]:
    return [event.data for event in await harness.emitted(AssessmentResultV1)]


async def test_a_paused_run_buys_nothing_and_goes_on_where_it_was(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    async def pause_at_the_fifth() -> None:
        if len(bought.texts) == 5:
            await harness.deliver(control(RunControl.PAUSE, 1))

    bought.after_each = pause_at_the_fifth
    for text in CLASS:
        await texts.put(text)
    await harness.deliver(request_for(CLASS, judge="gpt-x"))
    driver = Driver(harness)
    await driver.drive()
    assert len(bought.texts) in {5, 6}  # the one under way is kept
    await harness.deliver(control(RunControl.GO_ON, 2))
    await driver.drive()
    result = await result_of(harness)
    assert len(bought.texts) == len(set(bought.texts)) == result.comparisons


async def test_a_running_run_spends_the_larger_budget(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    await harness.deliver(control(RunControl.GO_ON, 1, extra=1))
    await take(harness, texts, CLASS, judge="gpt-x")
    result = await result_of(harness)
    assert result.comparisons == 9 * 12 // 2
    assert "budget" in result.stop_reason


async def test_more_comparisons_for_a_finished_run_are_bought_beside_those_there_are(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    request = await take(harness, texts, CLASS, judge="gpt-x")
    first = await result_of(harness)
    await take(
        harness,
        texts,
        CLASS,
        judge="gpt-x",
        run_id=RunId(uuid.uuid4()),
        batch_id=request.batch_id,
        extra_comparisons=2,
    )
    _, second = await results(harness)
    assert second.comparisons == first.comparisons + 2 * 12 // 2
    assert len(bought.texts) == len(set(bought.texts)) == second.comparisons


async def test_a_pupil_more_costs_the_new_comparisons_only(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    request = await take(harness, texts, CLASS, judge="gpt-x")
    before = len(bought.texts)
    more = [*CLASS[:4], essay(40), *CLASS[4:]]  # in the middle: every position moves
    await take(
        harness,
        texts,
        more,
        judge="gpt-x",
        run_id=RunId(uuid.uuid4()),
        batch_id=request.batch_id,
    )
    first, second = await results(harness)
    assert len(second.essays) == 13
    assert len(bought.texts) == len(set(bought.texts)) == second.comparisons
    assert before == first.comparisons == second.taken_over < second.comparisons
    assert all(text_id_of(essay(40)) in pair for pair in bought.texts[before:])


class TestWithRoomToCatchUp:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cj_comparisons_per_essay=40)

    async def test_who_joins_is_compared_as_often_as_the_others_and_nobody_else_is(
        self, harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
    ) -> None:
        whole = [f"{essay(number)} Variant {number}." for number in range(20)]
        request = await take(harness, texts, whole, judge="gpt-x")
        first = await result_of(harness)
        assert "target" in first.stop_reason
        before = len(bought.texts)
        new = [essay(40), essay(41)]
        later = RunId(uuid.uuid4())
        await take(
            harness,
            texts,
            [*whole, *new],
            judge="gpt-x",
            run_id=later,
            batch_id=request.batch_id,
        )
        _, second = await results(harness)
        assert second.taken_over == before == first.comparisons
        late = {text_id_of(text) for text in new}
        pairs = [set(pair) & late for pair in bought.texts[before:]]
        assert all(len(pair) == 1 for pair in pairs)
        usual = median(score.comparisons for score in first.essays)
        assert len(pairs) == 2 * usual
        assert {"target" in second.stop_reason, len(second.essays) == 22} == {True}


async def test_another_model_under_the_same_name_is_another_judge(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    request = await take(harness, texts, CLASS, judge="gpt-x")
    before = len(bought.texts)
    same = {"judge": "gpt-x", "batch_id": request.batch_id}
    bought.model = "x-2"
    await take(harness, texts, CLASS, run_id=RunId(uuid.uuid4()), **same)
    _, second = await results(harness)
    assert (second.taken_over, len(bought.texts)) == (0, before + second.comparisons)
    bought.model = "x-1"
    await take(harness, texts, CLASS, run_id=RunId(uuid.uuid4()), **same, extra_comparisons=1)
    *_, third = await results(harness)
    assert third.taken_over == before
    [judge] = third.judges
    assert (judge.taken_over, judge.verdicts) == (before, third.comparisons)


async def test_a_model_that_is_exchanged_under_way_is_asked_no_more(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought
) -> None:
    for text in CLASS:
        await texts.put(text)
    await harness.deliver(request_for(CLASS, judge="gpt-x"))
    [wave] = await harness.emitted(CjWaveRequestedV1)
    await harness.deliver(wave)
    bought.model = "x-2"
    before = len(bought.texts)
    await drive(harness)
    result = await result_of(harness)
    assert len(bought.texts) == before == result.comparisons
    assert "set up anew" in result.stop_reason


@pytest.mark.parametrize("other", ["another batch", "another judge"])
async def test_verdicts_are_not_taken_over_from(
    harness: ServiceHarness, texts: InMemoryTexts, bought: Bought, other: str
) -> None:
    request = await take(harness, texts, CLASS, judge="gpt-x")
    before = len(bought.texts)
    same_batch = {"batch_id": request.batch_id, "judge": "gpt-x+people"}
    await take(
        harness,
        texts,
        CLASS,
        run_id=RunId(uuid.uuid4()),
        **(same_batch if other == "another judge" else {"judge": "gpt-x"}),
    )
    assert len(bought.texts) > before


class TestWithACoinForAJudge:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cj_comparisons_per_essay=24)

    @pytest.fixture
    def outside(self, outside: Provider) -> Provider:
        class Coin(Bought):
            async def judge(
                self, assessment: Assessment, pairs: Sequence[Pair]
            ) -> AsyncGenerator[Sequence[Verdict], None]:
                for pair in pairs:
                    one, other = (assessment.essays[position].text_id for position in pair)
                    better = hash_of(one, other) > 0
                    yield [Verdict(pair, Outcome("first" if better else "second"))]

        outside.provide(lambda: Judges({"gpt-x": Coin()}), provides=Judges)
        return outside

    async def test_the_result_says_that_the_judge_is_too_noisy(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        essays = [f"{essay(number)} Variant {number}." for number in range(24)]
        await take(harness, texts, essays, judge="gpt-x")
        result = await result_of(harness)
        assert "too noisy" in result.stop_reason
        assert result.comparisons < 24 * 24 // 2
        assert result.reliability < 0.8
