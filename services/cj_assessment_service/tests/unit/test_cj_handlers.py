"""The comparison phase through its door: real engine, real database, texts in memory."""

import uuid
from collections.abc import AsyncGenerator, Sequence
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dishka import Provider
from sqlalchemy import func, select

from common_core.domain_enums import Language
from common_core.events.cj_events import (
    AssessmentResultV1,
    CjAssessmentCompletedV1,
    CjAssessmentProgressedV1,
    CjWaveRequestedV1,
)
from common_core.http_models import VerdictLog
from common_core.identifiers import RunId, TextId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts
from services.cj_assessment_service.alone import fit_csv
from services.cj_assessment_service.app import service
from services.cj_assessment_service.assessment import (
    Assessment,
    JudgeIsDone,
    Notes,
    Pair,
    Verdict,
)
from services.cj_assessment_service.assessment import Outcome as Judged
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.judges import Judges
from services.cj_assessment_service.store import AssessmentRow, ComparisonRow
from services.cj_assessment_service.tests.conftest import (
    RUN,
    drive,
    essay,
    request_for,
    result_of,
    take,
)

# One loop for all, so that they share worker processes: numpy takes a second to load.
pytestmark = pytest.mark.asyncio(loop_scope="session")

CLASS = [essay(number) for number in range(12)]
SCALE = ("A", "B", "C", "D", "E", "F")


def by_file(result: AssessmentResultV1, run_id: RunId) -> list[dict[str, Any]]:
    """The ranking with file numbers in place of ids."""
    number = {uuid.uuid5(run_id, str(n)): n for n in range(100)}
    return [
        {**score.model_dump(exclude={"essay_id"}), "file": number[score.essay_id]}
        for score in result.essays
    ]


async def test_a_class_set_is_ranked_with_every_essay_once(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request = await take(harness, texts, CLASS)
    result = await result_of(harness)
    assert [score.rank for score in result.essays] == list(range(1, 13))
    assert {score.essay_id for score in result.essays} == {e.essay_id for e in request.essays}
    assert all(better.score >= worse.score for better, worse in pairwise(result.essays))
    assert sum(score.score for score in result.essays) == pytest.approx(0, abs=1e-9)
    assert all(score.standard_error > 0 for score in result.essays)
    assert all(s.plausible_ranks[0] <= s.rank <= s.plausible_ranks[1] for s in result.essays)
    assert sum(score.comparisons for score in result.essays) == 2 * result.comparisons
    assert 0.5 < result.reliability < 1
    assert (result.judge, result.grade_note) == ("offline", None)
    assert result.stop_reason

    [completed] = await harness.emitted(CjAssessmentCompletedV1)
    assert set(completed.data.succeeded) == set(request.essays)
    assert completed.data.fingerprint == request.fingerprint
    assert completed.data.failed == ()


async def test_rich_essays_stand_above_poor_ones(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    rich = [" ".join(essay(n) for n in numbers) for numbers in ((6, 13, 20), (5, 12, 19))]
    poor = ["it was fun. it was fun and good.", "i like dogs. dogs is good. i like it."]
    await take(harness, texts, [poor[0], rich[0], poor[1], rich[1]])
    ranked = by_file(await result_of(harness), RUN)
    assert {score["file"] for score in ranked[:2]} == {1, 3}


async def test_another_run_over_the_same_files_gives_the_same_scores_to_the_bit(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, CLASS)
    first = by_file(await result_of(harness), RUN)
    await harness.forget_emitted()
    other = RunId(uuid.uuid4())
    await take(harness, texts, CLASS, run_id=other)
    assert by_file(await result_of(harness), other) == first


async def test_the_order_in_which_the_essays_arrive_does_not_matter(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, CLASS)
    first = by_file(await result_of(harness), RUN)
    await harness.forget_emitted()
    other = RunId(uuid.uuid4())
    request = request_for(CLASS, run_id=other)
    await harness.deliver(request.model_copy(update={"essays": request.essays[::-1]}))
    await drive(harness)
    assert by_file(await result_of(harness), other) == first


async def test_each_wave_reports_progress_and_asks_for_the_next(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, CLASS)
    waves = [wave.data.wave for wave in await harness.emitted(CjWaveRequestedV1)]
    assert waves == list(range(1, len(waves) + 1))
    progress = [event.data for event in await harness.emitted(CjAssessmentProgressedV1)]
    made = [each.comparisons for each in progress]
    assert made[0] == 0
    assert all(before < after for before, after in pairwise(made))
    assert all(each.comparisons <= each.expected_comparisons for each in progress)


async def test_a_class_of_thirty_needs_few_waves(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, [essay(number) for number in range(30)])
    assert len(await harness.emitted(CjWaveRequestedV1)) <= 10
    assert len((await result_of(harness)).essays) == 30


async def test_no_pair_is_judged_twice(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    await take(harness, texts, CLASS)
    async with harness.session() as session:
        rows = (await session.scalars(select(ComparisonRow))).all()
    assert all(row.winner is not None for row in rows)
    assert len({frozenset((row.first, row.second)) for row in rows}) == len(rows)
    assert len(rows) == (await result_of(harness)).comparisons


async def test_a_wave_that_was_judged_before_a_crash_is_not_judged_again(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    for text in CLASS:
        await texts.put(text)
    await harness.deliver(request_for(CLASS))
    async with harness.session() as session:
        rows = (await session.scalars(select(ComparisonRow))).all()
        for row in rows:
            row.winner = "first"  # what the offline judge would not say of every pair
    await drive(harness)
    async with harness.session() as session:
        kept = await session.scalar(
            select(func.count())
            .select_from(ComparisonRow)
            .where(ComparisonRow.wave == 1, ComparisonRow.winner == "first")
        )
    assert kept == len(rows)


async def test_one_essay_alone_is_first_without_a_comparison(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, [essay(1)])
    result = await result_of(harness)
    [score] = result.essays
    assert (score.rank, score.score, score.comparisons) == (1, 0.0, 0)
    assert score.plausible_ranks == (1, 1)
    assert result.comparisons == 0
    assert "only one essay" in result.stop_reason
    assert await harness.emitted(CjWaveRequestedV1) == []


async def test_two_essays_are_compared(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    await take(harness, texts, ["It was fun.", essay(6)])
    result = await result_of(harness)
    assert [score["file"] for score in by_file(result, RUN)] == [1, 0]
    assert result.comparisons == 1
    assert result.stop_reason == "Every pair has been compared."


async def test_identical_essays_get_the_same_score(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, [essay(3)] * 5)
    result = await result_of(harness)
    assert [score.score for score in result.essays] == pytest.approx([0.0] * 5, abs=1e-6)
    assert [score.rank for score in result.essays] == [1, 2, 3, 4, 5]


async def test_an_empty_text_is_ranked_last(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    await take(harness, texts, [essay(3), "", essay(4), essay(5)])
    assert by_file(await result_of(harness), RUN)[-1]["file"] == 1


async def test_a_judge_that_does_not_exist_fails_every_essay_with_a_sentence(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request = await take(harness, texts, CLASS, judge="oracle")
    [completed] = await harness.emitted(CjAssessmentCompletedV1)
    assert completed.data.succeeded == ()
    assert {f.essay_id for f in completed.data.failed} == {e.essay_id for e in request.essays}
    assert {failure.reason for failure in completed.data.failed} == {
        'There is no judge called "oracle". There is: offline, people.'
    }
    assert await harness.emitted(AssessmentResultV1) == []


async def test_an_essay_whose_text_is_gone_fails_and_the_others_are_ranked(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    for text in CLASS[1:]:
        await texts.put(text)
    request = request_for(CLASS)
    await harness.deliver(request)
    await drive(harness)
    [completed] = await harness.emitted(CjAssessmentCompletedV1)
    [failure] = completed.data.failed
    assert (failure.essay_id, failure.code) == (request.essays[0].essay_id, "text_missing")
    assert set(completed.data.succeeded) == set(request.essays[1:])
    assert len((await result_of(harness)).essays) == 11


async def test_anchors_give_grades_on_their_scale(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, CLASS)
    ranked = [score["file"] for score in by_file(await result_of(harness), RUN)]
    await harness.forget_emitted()
    anchors = dict(zip(ranked[::2], ("A", "B", "C", "D", "E", "F"), strict=True))
    other = RunId(uuid.uuid4())
    await take(harness, texts, CLASS, run_id=other, scale=SCALE, anchors=anchors)
    scores = by_file(await result_of(harness), other)
    assert {s["file"]: s["grade"] for s in scores if s["anchor"]} == anchors
    for score in scores:
        assert list(score["grade_probabilities"]) == list(SCALE)
        assert sum(score["grade_probabilities"].values()) == pytest.approx(1)
    given = [SCALE.index(score["grade"]) for score in scores if not score["anchor"]]
    assert given == sorted(given)


async def test_too_few_anchors_give_no_grades_and_the_reason(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await take(harness, texts, CLASS, scale=SCALE, anchors={0: "B"})
    result = await result_of(harness)
    assert result.grade_note is not None
    assert "at least 4 anchors" in result.grade_note
    assert [score.grade for score in result.essays if not score.anchor] == [None] * 11
    assert [score.grade for score in result.essays if score.anchor] == ["B"]


class TestWithASmallBudget:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(cj_comparisons_per_essay=4)

    async def test_comparing_ends_exactly_with_the_budget(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await take(harness, texts, CLASS)
        result = await result_of(harness)
        assert result.comparisons == 4 * 12 / 2
        assert "budget" in result.stop_reason


async def test_every_event_delivered_twice_gives_the_same_events_once(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    for text in CLASS:
        await texts.put(text)
    message = harness.message(request_for(CLASS))
    await harness.deliver(message)
    await harness.redis.flushall()
    assert (await harness.deliver(message)).outcome is Outcome.DUPLICATE
    delivered = 0
    while len(waves := await harness.emitted(CjWaveRequestedV1)) > delivered:
        await harness.deliver(waves[delivered])
        await harness.redis.flushall()
        again = await harness.deliver(waves[delivered])
        assert again.outcome is Outcome.DUPLICATE
        delivered += 1
    ids = [event.event_id for event in await harness.emitted()]
    assert len(set(ids)) == len(ids)
    assert len((await result_of(harness)).essays) == 12


class Unreachable(InMemoryTexts):
    async def get(self, text_id: TextId) -> str:
        raise TemporaryError("content_service does not answer")


class TestWhileTheContentStoreIsDown:
    @pytest.fixture
    def texts(self) -> InMemoryTexts:
        return Unreachable()

    async def test_the_event_is_kept_for_later_and_no_essay_fails(
        self, harness: ServiceHarness
    ) -> None:
        handled = await harness.attempt(harness.message(request_for(CLASS)))
        assert handled.outcome is Outcome.RETRY
        assert await harness.emitted() == []


class Confused:
    """A judge that reads, and then cannot tell."""

    async def read(self, text: str, language: Language) -> Notes:
        return {}

    def version(self, assessment: Assessment) -> str:
        return "1"

    async def judge(
        self, assessment: Assessment, pairs: Sequence[Pair]
    ) -> AsyncGenerator[Sequence[Verdict], None]:
        raise ArithmeticError
        yield


class TestWithAJudgeThatFails:
    @pytest.fixture
    def outside(self, outside: Provider) -> Provider:
        outside.provide(lambda: Judges({"offline": Confused()}), provides=Judges)
        return outside

    async def test_every_essay_fails_with_a_sentence_and_the_batch_goes_on(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        request = await take(harness, texts, CLASS)
        [completed] = await harness.emitted(CjAssessmentCompletedV1)
        assert {f.essay_id for f in completed.data.failed} == {e.essay_id for e in request.essays}
        assert {f.code for f in completed.data.failed} == {"assessment_failed"}
        async with harness.session() as session:
            assessment = await session.get_one(AssessmentRow, RUN)
        assert assessment.closed_at is not None
        assert assessment.stop_reason == completed.data.failed[0].reason


CONNECTION_LOST_AFTER = 7


def _by_position(pair: Pair) -> Judged:
    return Judged("first" if sum(pair) % 3 else "second")


class TestWithAJudgeThatCosts:
    """What a model's answer costs is paid once, however often its wave is repeated."""

    @pytest.fixture
    def asked(self) -> list[Pair]:
        return []

    @pytest.fixture
    def outside(self, outside: Provider, asked: list[Pair]) -> Provider:
        class Counting(Confused):
            async def judge(
                self, assessment: Assessment, pairs: Sequence[Pair]
            ) -> AsyncGenerator[Sequence[Verdict], None]:
                for pair in pairs:
                    asked.append(pair)
                    yield [Verdict(pair, _by_position(pair))]
                    if len(asked) == CONNECTION_LOST_AFTER:
                        raise ConnectionResetError

        outside.provide(lambda: Judges({"offline": Counting()}), provides=Judges)
        return outside

    async def test_a_wave_whose_transaction_failed_asks_for_nothing_again(
        self, harness: ServiceHarness, texts: InMemoryTexts, asked: list[Pair]
    ) -> None:
        for text in CLASS:
            await texts.put(text)
        await harness.deliver(request_for(CLASS))
        [wave] = await harness.emitted(CjWaveRequestedV1)
        assert (await harness.attempt(harness.message(wave))).outcome is Outcome.RETRY
        assert len(asked) == CONNECTION_LOST_AFTER

        async def fail() -> None:
            raise ConnectionResetError

        harness.first.leases.before_commit = fail
        assert (await harness.attempt(harness.message(wave))).outcome is Outcome.RETRY
        answered = list(asked)
        assert answered
        harness.first.leases.before_commit = None
        await harness.deliver(wave)
        assert asked == answered
        await drive(harness)
        assert len(set(asked)) == len(asked)


class TestWithAJudgeThatEndsEarly:
    """What the judge does after so many answers is up to the test."""

    @pytest.fixture
    def outside(self, outside: Provider, ends: Exception) -> Provider:
        class Ending(Confused):
            async def judge(
                self, assessment: Assessment, pairs: Sequence[Pair]
            ) -> AsyncGenerator[Sequence[Verdict], None]:
                yield [Verdict(pair, _by_position(pair)) for pair in pairs[:15]]
                raise ends

        outside.provide(lambda: Judges({"offline": Ending()}), provides=Judges)
        return outside

    @pytest.mark.parametrize("ends", [JudgeIsDone("The money is spent.")])
    async def test_what_there_is_makes_the_ranking_and_the_reason_is_said(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await take(harness, texts, CLASS)
        result = await result_of(harness)
        assert (result.comparisons, result.stop_reason) == (
            15,
            "The money is spent. The ranking rests on the comparisons made so far.",
        )
        assert len(result.essays) == 12


class TestWithAJudgeThatGivesUp:
    @pytest.fixture
    def outside(self, outside: Provider, every: int) -> Provider:
        class Reluctant(Confused):
            async def judge(
                self, assessment: Assessment, pairs: Sequence[Pair]
            ) -> AsyncGenerator[Sequence[Verdict], None]:
                for place, pair in enumerate(pairs):
                    if place % every == 0:
                        yield [Verdict(pair, None, given_up="It refused to answer.")]
                    else:
                        yield [Verdict(pair, _by_position(pair))]

        outside.provide(lambda: Judges({"offline": Reluctant()}), provides=Judges)
        return outside

    @pytest.mark.parametrize("every", [9])
    async def test_a_few_pairs_without_a_verdict_do_not_matter(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await take(harness, texts, CLASS)
        async with harness.session() as session:
            rows = (await session.scalars(select(ComparisonRow))).all()
        given_up = [row for row in rows if row.given_up is not None]
        assert given_up
        assert (await result_of(harness)).comparisons == len(rows) - len(given_up)

    @pytest.mark.parametrize("every", [3])
    async def test_many_fail_the_assessment_with_the_reason(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await take(harness, texts, CLASS)
        [completed] = await harness.emitted(CjAssessmentCompletedV1)
        assert {failure.code for failure in completed.data.failed} == {"judge_fails"}
        assert {failure.reason for failure in completed.data.failed} == {
            'The judge "offline" gave no verdict on 6 of 18 pairs: It refused to answer.'
        }


async def test_the_result_tells_how_the_judge_did_and_where_to_look(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    anchors = {number: "ABCDEF"[number % 6] for number in range(0, 12, 2)}
    await take(harness, texts, CLASS, scale=SCALE, anchors=anchors)
    result = await result_of(harness)

    [judge] = result.judges
    assert (judge.judge, judge.verdicts) == ("offline", result.comparisons)
    assert judge.agreement > 0.9
    assert judge.cost is None
    assert result.concordance is not None
    assert 0.5 < result.concordance <= 1
    ranked = {score.essay_id: score.rank for score in result.essays}
    assert len(result.look_first) <= 4
    assert all(look.essay_id in ranked and look.reason for look in result.look_first)
    known = {score.essay_id for score in result.essays if score.anchor}
    for score in result.essays:
        above = [ranked[anchor] for anchor in known if ranked[anchor] < score.rank]
        below = [ranked[anchor] for anchor in known if ranked[anchor] > score.rank]
        assert (score.anchor_above and ranked[score.anchor_above]) == max(above, default=None)
        assert (score.anchor_below and ranked[score.anchor_below]) == min(below, default=None)


async def test_the_log_of_a_run_fits_to_the_scores_of_its_result(
    harness: ServiceHarness, texts: InMemoryTexts, tmp_path: Path
) -> None:
    await take(harness, texts, CLASS)
    result = await result_of(harness)
    client = service.app(harness.container).test_client()
    answer = await client.get(f"/v1/assessments/{RUN}/verdicts")
    log = VerdictLog.model_validate_json(await answer.get_data())
    assert len(log.verdicts) == result.comparisons

    path = tmp_path / "verdicts.csv"
    rows = [f"{v.judge},{v.first},{v.second},{v.winner},{v.degree or ''}" for v in log.verdicts]
    path.write_text("\n".join(["judge,first,second,winner,degree", *rows]), "utf-8")
    fitted = {item["item"]: item for item in fit_csv(path)["items"]}

    for score in result.essays:
        assert fitted[str(score.essay_id)]["score"] == pytest.approx(score.score, abs=1e-6)
        assert fitted[str(score.essay_id)]["rank"] == score.rank
    unknown = await client.get(f"/v1/assessments/{uuid.uuid4()}/verdicts")
    assert unknown.status_code == HTTPStatus.NOT_FOUND
