"""A run is started and taken further once, whatever happens around it."""

from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.domain_enums import BatchStatus
from common_core.events.batch_events import BatchPipelineCompletedV1
from common_core.events.deletion_events import BatchDataDeletedV1
from common_core.events.essay_events import BatchEssaysReadyV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.http_models import AddEssays, LateEssay
from common_core.identifiers import RunId, TextId
from common_core.topics import KEEPERS
from huleedu_service_libs.testing.harness import ServiceHarness
from libs.huleedu_service_libs.tests.idempotency_test_utils import EventCase, IdempotencySuite
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import first_run_id
from services.batch_orchestrator_service.handlers import router
from services.batch_orchestrator_service.store import BatchRow, DeletionRow, RunRow
from services.batch_orchestrator_service.tests.conftest import MIGRATIONS
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    outcome,
    ready,
)
from services.batch_orchestrator_service.tests.stand_in import StandInProvider

SPELLCHECK, COMPARISON = PIPELINE


async def runs_started(session: AsyncSession, data: BatchEssaysReadyV1) -> int:
    ready_ones = select(BatchRow.batch_id).where(BatchRow.essays.is_not(None))
    query = select(func.count()).where(
        RunRow.batch_id == data.batch_id, RunRow.batch_id.in_(ready_ones)
    )
    return await session.scalar(query) or 0


async def runs_in_comparison(session: AsyncSession, data: ElsBatchPhaseOutcomeV1) -> int:
    query = select(func.count()).where(
        RunRow.run_id == data.run_id, RunRow.state["phase"].astext == COMPARISON
    )
    return await session.scalar(query) or 0


async def further_runs(session: AsyncSession, data: BatchPipelineCompletedV1) -> int:
    query = select(func.count()).where(
        RunRow.batch_id == data.batch_id, RunRow.run_id != data.run_id
    )
    return await session.scalar(query) or 0


async def batch_waiting(harness: ServiceHarness, _data: object) -> None:
    await Desk(harness).create(create_batch(essay_count=2))


async def spelling_under_way(harness: ServiceHarness, data: object) -> None:
    await batch_waiting(harness, data)
    await harness.deliver(ready(0, 1))


async def completed_deletions(session: AsyncSession, data: BatchDataDeletedV1) -> int:
    query = select(func.count()).where(
        DeletionRow.batch_id == data.batch_id, DeletionRow.completed_at.is_not(None)
    )
    return await session.scalar(query) or 0


async def all_but_one_have_confirmed(harness: ServiceHarness, data: object) -> None:
    await batch_waiting(harness, data)
    await Desk(harness).delete()
    for service in KEEPERS[1:]:
        await harness.deliver(confirmation(service))


def confirmation(service: str) -> BatchDataDeletedV1:
    return BatchDataDeletedV1(batch_id=BATCH, service=service, rows={"texts": 1})


async def late_essay_waiting(harness: ServiceHarness, data: object) -> None:
    await spelling_under_way(harness, data)
    late = LateEssay(file_name="late.txt", text_id=TextId("late"))
    body = AddEssays(request_id=RunId(uuid4()), essays=(late,))
    await Desk(harness).post(f"/v1/batches/{BATCH}/additions", body)
    for phase in PIPELINE:
        await harness.deliver(outcome(first_run_id(BATCH), phase, corrected(0), corrected(1)))


def ended() -> BatchPipelineCompletedV1:
    return BatchPipelineCompletedV1(
        batch_id=BATCH,
        run_id=first_run_id(BATCH),
        status=BatchStatus.COMPLETED,
        message="",
        phases=(),
        essays=(corrected(0), corrected(1)),
        failed=(),
    )


class TestOrchestratorIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    providers = (StandInProvider(),)
    migrations = MIGRATIONS
    cases = (
        EventCase(BatchEssaysReadyV1, lambda: ready(0, 1), runs_started, given=batch_waiting),
        EventCase(
            ElsBatchPhaseOutcomeV1,
            lambda: outcome(first_run_id(BATCH), SPELLCHECK, corrected(0), corrected(1)),
            runs_in_comparison,
            given=spelling_under_way,
        ),
        EventCase(
            BatchDataDeletedV1,
            lambda: confirmation(KEEPERS[0]),
            completed_deletions,
            given=all_but_one_have_confirmed,
        ),
        EventCase(BatchPipelineCompletedV1, ended, further_runs, given=late_essay_waiting),
    )
