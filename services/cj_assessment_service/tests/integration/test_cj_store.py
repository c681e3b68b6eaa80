"""Verdicts as the database keeps them."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from common_core.domain_enums import Language
from common_core.identifiers import TextId
from huleedu_service_libs.testing.harness import ServiceHarness
from services.cj_assessment_service import store
from services.cj_assessment_service.assessment import (
    Assessment,
    Details,
    Essay,
    Outcome,
    Verdict,
)
from services.cj_assessment_service.tests.conftest import RUN, essay, request_for

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAIRS = [(0, 1), (2, 0), (1, 2)]


async def planned(harness: ServiceHarness) -> Assessment:
    request = request_for([essay(number) for number in range(3)])
    assessment = Assessment(
        run_id=RUN,
        batch_id=request.batch_id,
        fingerprint=request.fingerprint,
        judge="offline",
        language=Language.SWEDISH,
        assignment_text_id=TextId("0" * 64),
        rubric_text_id=TextId("1" * 64),
        seed=2**55,
        grade_scale=("A", "B"),
        essays=tuple(
            Essay(
                essay_id=each.essay_id,
                file_name=each.file_name,
                text_id=each.text_id,
                anchor_grade=None,
                notes={"words": 0.1 + 0.2},
            )
            for each in request.essays
        ),
        failed=(),
    )
    async with harness.session() as session:
        assert await store.open_assessment(session, assessment)
        await store.plan_wave(session, RUN, 1, [("offline", pair) for pair in PAIRS])
    return assessment


async def outcomes(harness: ServiceHarness) -> list[Outcome | None]:
    async with harness.session() as session:
        assessment = await store.load_assessment(session, RUN)
    assert assessment is not None
    return [comparison.outcome for comparison in assessment.comparisons]


async def test_an_assessment_is_read_as_it_was_written(harness: ServiceHarness) -> None:
    written = await planned(harness)
    async with harness.session() as session:
        read = await store.load_assessment(session, RUN)
    assert read is not None
    assert read.essays == written.essays
    assert (read.language, read.assignment_text_id) == (Language.SWEDISH, "0" * 64)
    assert (read.seed, read.grade_scale, read.closed) == (2**55, ("A", "B"), False)
    assert read.unanswered(1, "offline") == PAIRS


async def test_an_answer_that_is_there_stays(harness: ServiceHarness) -> None:
    await planned(harness)
    async with harness.session() as session:
        await store.keep_verdicts(session, RUN, "offline", [Verdict((2, 0), Outcome("first", 2))])
    late = [Verdict((0, 1), Outcome("tie")), Verdict((2, 0), Outcome("second", 1))]
    async with harness.session() as session:
        await store.keep_verdicts(session, RUN, "offline", late)
    assert await outcomes(harness) == [Outcome("tie"), Outcome("first", 2), None]


async def test_a_pair_that_was_given_up_is_not_asked_again(harness: ServiceHarness) -> None:
    await planned(harness)
    given_up = Verdict((0, 1), None, given_up="It refused.")
    late = Verdict((0, 1), Outcome("tie"))
    for verdict in (given_up, late):
        async with harness.session() as session:
            await store.keep_verdicts(session, RUN, "offline", [verdict])
    async with harness.session() as session:
        assessment = await store.load_assessment(session, RUN)
    assert assessment is not None
    assert assessment.unanswered(1, "offline") == PAIRS[1:]
    assert assessment.given_up == ["It refused."]
    assert assessment.judged == []


async def test_how_a_verdict_was_come_by_is_kept(harness: ServiceHarness) -> None:
    await planned(harness)
    details = Details("Clearer.", 1.25, 900, 40, Decimal("0.000123456789"), "model-1", "3")
    async with harness.session() as session:
        verdict = Verdict((1, 2), Outcome("first", 1), details)
        await store.keep_verdicts(session, RUN, "offline", [verdict])
    async with harness.session() as session:
        [row] = await session.scalars(select(store.ComparisonRow).filter_by(first=1, second=2))
    assert details == Details(
        row.reason,
        row.latency_seconds,
        row.tokens_in,
        row.tokens_out,
        row.cost,
        row.model,
        row.prompt_version,
    )


async def test_a_run_has_one_assessment(harness: ServiceHarness) -> None:
    assessment = await planned(harness)
    async with harness.session() as session:
        assert not await store.open_assessment(session, assessment)
