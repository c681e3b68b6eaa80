"""Verdicts as the database keeps them."""

import pytest

from huleedu_service_libs.testing.harness import ServiceHarness
from services.cj_assessment_service import store
from services.cj_assessment_service.assessment import Assessment, Essay, Outcome
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
        await store.plan_wave(session, RUN, "offline", 1, PAIRS)
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
    assert (read.seed, read.grade_scale, read.closed) == (2**55, ("A", "B"), False)
    assert read.unanswered(1) == PAIRS


async def test_an_answer_that_is_there_stays(harness: ServiceHarness) -> None:
    await planned(harness)
    async with harness.session() as session:
        await store.keep_verdicts(session, RUN, "offline", [((2, 0), Outcome("first", 2))])
    late = [((0, 1), Outcome("tie")), ((2, 0), Outcome("second", 1))]
    async with harness.session() as session:
        await store.keep_verdicts(session, RUN, "offline", late)
    assert await outcomes(harness) == [Outcome("tie"), Outcome("first", 2), None]


async def test_a_run_has_one_assessment(harness: ServiceHarness) -> None:
    assessment = await planned(harness)
    async with harness.session() as session:
        assert not await store.open_assessment(session, assessment)
