"""Each event of an assessment takes effect once, whatever crashes and whoever delivers it again."""

from dishka import Provider, Scope
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.cj_events import CjAssessmentRequestedV1, CjWaveRequestedV1
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.testing.cpu import ThreadCpu
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.idempotency_suite import (
    EventCase,
    IdempotencySuite,
    deletion_case,
)
from huleedu_service_libs.texts import InMemoryTexts, Texts
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.controls import ControlRow
from services.cj_assessment_service.di import AssessmentProvider
from services.cj_assessment_service.handlers import router
from services.cj_assessment_service.store import AssessmentRow, ComparisonRow, WaveRow
from services.cj_assessment_service.tests.conftest import (
    MIGRATIONS,
    RUN,
    control,
    essay,
    request_for,
)

ESSAYS = [essay(number) for number in range(5)]

stored = InMemoryTexts()
outside = Provider(scope=Scope.APP)
outside.provide(lambda: stored, provides=Texts)
outside.provide(ThreadCpu, provides=CpuPool)


async def assessments(session: AsyncSession, request: CjAssessmentRequestedV1) -> int:
    query = select(func.count()).select_from(AssessmentRow).filter_by(run_id=request.run_id)
    return await session.scalar(query) or 0


async def waves(session: AsyncSession, request: CjWaveRequestedV1) -> int:
    query = select(func.count()).select_from(WaveRow)
    return await session.scalar(query.filter_by(run_id=request.run_id, wave=request.wave)) or 0


async def controls(session: AsyncSession, said: BatchRunControlledV1) -> int:
    query = select(func.count()).select_from(ControlRow)
    return await session.scalar(query.filter_by(run_id=said.run_id, control=said.control)) or 0


async def stored_texts(_harness: ServiceHarness, _event: object) -> None:
    for text in ESSAYS:
        await stored.put(text)


async def judged_wave(harness: ServiceHarness, _event: object) -> None:
    """A wave whose answers are there: they are stored before, and outside, its transaction."""
    request = request_for(ESSAYS)
    await stored_texts(harness, request)
    await harness.deliver(request)
    async with harness.session() as session:
        await session.execute(update(ComparisonRow).values(winner="first"))


async def controlled_wave(harness: ServiceHarness, event: object) -> None:
    await judged_wave(harness, event)
    await harness.deliver(control(RunControl.FINISH))


class TestCjIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    providers = (AssessmentProvider(), outside)
    migrations = MIGRATIONS
    cases = (
        EventCase(
            CjAssessmentRequestedV1,
            build=lambda: request_for(ESSAYS),
            effect=assessments,
            given=stored_texts,
        ),
        EventCase(
            CjWaveRequestedV1,
            build=lambda: CjWaveRequestedV1(
                batch_id=request_for(ESSAYS).batch_id, run_id=RUN, wave=1
            ),
            effect=waves,
            given=judged_wave,
        ),
        EventCase(
            BatchRunControlledV1,
            build=lambda: control(RunControl.FINISH),
            effect=controls,
            given=judged_wave,
        ),
        deletion_case(request_for(ESSAYS).batch_id, controlled_wave),
    )
