"""Slots are taken, phases opened and essays moved once, whatever happens around it."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchEssaysRegisteredV1, BatchRunControlledV1
from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.events.phase_events import PhaseCommand, PhaseCompleted
from common_core.phases import PHASES, Phase
from huleedu_service_libs.testing.harness import ServiceHarness
from libs.huleedu_service_libs.tests.idempotency_test_utils import (
    EventCase,
    IdempotencySuite,
    deletion_case,
)
from services.essay_lifecycle_service.config import Settings
from services.essay_lifecycle_service.domain.phase_run import State, requests
from services.essay_lifecycle_service.handlers import router
from services.essay_lifecycle_service.store.controls import ControlRow
from services.essay_lifecycle_service.store.intake import BatchRow, UploadRow
from services.essay_lifecycle_service.store.phase_runs import EssayInPhaseRow, PhaseRunRow
from services.essay_lifecycle_service.tests.conftest import MIGRATIONS
from services.essay_lifecycle_service.tests.samples import (
    BATCH,
    answer,
    command,
    control,
    provisioned,
    registered,
    rejected,
)


async def registrations(session: AsyncSession, data: BatchEssaysRegisteredV1) -> int:
    query = select(func.count()).where(
        BatchRow.batch_id == data.batch_id, BatchRow.essay_ids.is_not(None)
    )
    return await session.scalar(query) or 0


async def uploads(
    session: AsyncSession, data: EssayContentProvisionedV1 | EssayContentRejectedV1
) -> int:
    query = select(func.count()).where(UploadRow.file_hash == data.file_hash)
    return await session.scalar(query) or 0


async def open_phases(session: AsyncSession, data: PhaseCommand) -> int:
    query = select(func.count()).where(PhaseRunRow.run_id == data.run_id)
    return await session.scalar(query) or 0


async def closed_phases(session: AsyncSession, data: PhaseCompleted) -> int:
    moved = select(EssayInPhaseRow.run_id).where(EssayInPhaseRow.state == State.SUCCEEDED)
    query = select(func.count()).where(
        PhaseRunRow.run_id == data.run_id,
        PhaseRunRow.closed_at.is_not(None),
        PhaseRunRow.run_id.in_(moved),
    )
    return await session.scalar(query) or 0


async def paused_runs(session: AsyncSession, data: BatchRunControlledV1) -> int:
    query = select(func.count()).where(
        ControlRow.run_id == data.run_id, ControlRow.control == RunControl.PAUSE
    )
    return await session.scalar(query) or 0


async def one_slot(harness: ServiceHarness, _data: object) -> None:
    await harness.deliver(registered(1))


def cases_of(phase: Phase) -> tuple[EventCase, EventCase]:
    asked = command(phase, 1)

    async def commanded(harness: ServiceHarness, _data: object) -> None:
        await harness.deliver(asked)

    return (
        EventCase(phase.command, lambda: asked, open_phases),
        EventCase(
            phase.completed,
            lambda: answer(phase, requests(phase, asked)[0]),
            closed_phases,
            given=commanded,
        ),
    )


async def at_work(harness: ServiceHarness, data: object) -> None:
    await one_slot(harness, data)
    await harness.deliver(provisioned("a.txt"))
    await harness.deliver(control(RunControl.PAUSE))
    await harness.deliver(command(PHASES[0], 1))


class TestLifecycleIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    migrations = MIGRATIONS
    cases = (
        EventCase(BatchEssaysRegisteredV1, lambda: registered(1), registrations),
        EventCase(EssayContentProvisionedV1, lambda: provisioned("a.txt"), uploads, given=one_slot),
        EventCase(EssayContentRejectedV1, lambda: rejected("a.pdf"), uploads, given=one_slot),
        EventCase(BatchRunControlledV1, lambda: control(RunControl.PAUSE), paused_runs),
        deletion_case(BATCH, at_work),
        *(case for phase in PHASES for case in cases_of(phase)),
    )
