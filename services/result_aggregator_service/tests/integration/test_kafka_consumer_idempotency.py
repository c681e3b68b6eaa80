"""Every event that the result aggregator hears takes effect once, through crashes and repeats."""

from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.domain_enums import PhaseName, RunControl
from common_core.events.batch_events import (
    BatchEssaysAddedV1,
    BatchEssaysRegisteredV1,
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
)
from common_core.events.cj_events import AssessmentResultV1, CjAssessmentProgressedV1
from common_core.events.essay_events import (
    BatchEssaysReadyV1,
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.idempotency_suite import (
    EventCase,
    IdempotencySuite,
    deletion_case,
)
from services.result_aggregator_service import app
from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.domain.heard import HeardEvent, fact_id
from services.result_aggregator_service.handlers import router
from services.result_aggregator_service.store import FactRow
from services.result_aggregator_service.tests.scenario import Scenario


def new() -> Scenario:
    return Scenario(uuid4())


async def facts_kept(session: AsyncSession, event: HeardEvent) -> int:
    query = select(func.count()).select_from(FactRow).where(FactRow.fact_id == fact_id(event))
    return int(await session.scalar(query) or 0)


async def registered(harness: ServiceHarness, event: HeardEvent) -> None:
    """So that the event changes what is shown, too."""
    await harness.deliver(Scenario(event.batch_id).registered())


async def all_but_the_end(harness: ServiceHarness, event: HeardEvent) -> None:
    """So that the event makes the results ready, too."""
    for earlier in Scenario(event.batch_id).first_run()[:-1]:
        await harness.deliver(earlier)


DELETED = uuid4()


async def a_whole_run(harness: ServiceHarness, _event: object) -> None:
    for event in Scenario(DELETED).first_run():
        await harness.deliver(event)


class TestResultAggregatorIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    migrations = Path(app.__file__).parent / "migrations"
    cases = (
        EventCase(BatchEssaysRegisteredV1, lambda: new().registered(), facts_kept),
        EventCase(
            EssayContentProvisionedV1,
            lambda: new().provisioned("a.txt", 0),
            facts_kept,
            given=registered,
        ),
        EventCase(EssayContentRejectedV1, lambda: new().rejected(), facts_kept, given=registered),
        EventCase(ExcessContentReportedV1, lambda: new().excess(), facts_kept, given=registered),
        EventCase(BatchEssaysReadyV1, lambda: new().ready(), facts_kept, given=registered),
        EventCase(BatchEssaysAddedV1, lambda: new().joined(), facts_kept, given=registered),
        EventCase(BatchPipelineStartedV1, lambda: new().started(), facts_kept, given=registered),
        EventCase(
            ElsBatchPhaseOutcomeV1,
            lambda: new().outcome(PhaseName.SPELLCHECK),
            facts_kept,
            given=registered,
        ),
        EventCase(SpellcheckResultV1, lambda: new().spellchecked(0), facts_kept, given=registered),
        EventCase(CjAssessmentProgressedV1, lambda: new().compared(8), facts_kept, registered),
        EventCase(
            BatchRunControlledV1,
            lambda: new().controlled(RunControl.PAUSE),
            facts_kept,
            given=registered,
        ),
        EventCase(AssessmentResultV1, lambda: new().assessed(), facts_kept, given=registered),
        EventCase(
            BatchPipelineCompletedV1, lambda: new().completed(), facts_kept, given=all_but_the_end
        ),
        deletion_case(DELETED, a_whole_run),
    )
