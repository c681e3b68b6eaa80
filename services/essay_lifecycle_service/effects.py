"""What follows from a decision: rows and events. Shared by what is heard and by the deadlines."""

from collections.abc import Iterable, Sequence

from common_core.events.essay_events import BatchEssaysReadyV1, ExcessContentReportedV1
from common_core.identifiers import BatchId, EssayId
from huleedu_service_libs.transaction import Transaction
from services.essay_lifecycle_service.domain.intake import (
    Intake,
    Placement,
    Upload,
    admit,
    settle,
    surplus_reason,
)
from services.essay_lifecycle_service.domain.phase_run import EssayInPhase, outcome
from services.essay_lifecycle_service.store.intake import mark_ready, set_placement
from services.essay_lifecycle_service.store.phase_runs import (
    PhaseRun,
    close_phase_run,
    essays_in,
    outstanding,
    save_essays,
)


async def take_in(
    tx: Transaction,
    batch_id: BatchId,
    essay_ids: Sequence[EssayId],
    intake: Intake,
    arrivals: Iterable[Upload],
) -> None:
    """Let recorded uploads take their slots; with the last slot the batch is ready."""
    for upload in arrivals:
        admission = admit(intake, upload)
        intake = admission.intake
        await set_placement(tx.session, batch_id, upload, admission.placement)
        if admission.replaced is not None:
            await set_placement(tx.session, batch_id, admission.replaced, Placement.REPLACED)
        if admission.placement is Placement.SURPLUS:
            _report_surplus(tx, batch_id, intake, upload)
    if intake.full and not intake.ready:
        await say_ready(tx, batch_id, essay_ids, intake)


def _report_surplus(tx: Transaction, batch_id: BatchId, intake: Intake, upload: Upload) -> None:
    tx.emit(
        ExcessContentReportedV1(
            batch_id=batch_id,
            file_name=upload.file_name,
            file_hash=upload.file_hash,
            reason=surplus_reason(intake, upload),
        ),
        discriminator=f"{upload.file_hash}:{upload.refused}:{upload.file_name}",
    )


async def say_ready(
    tx: Transaction, batch_id: BatchId, essay_ids: Sequence[EssayId], intake: Intake
) -> None:
    essays, failed = settle(intake, essay_ids)
    await mark_ready(tx.session, batch_id)
    tx.emit(BatchEssaysReadyV1(batch_id=batch_id, essays=essays, failed=failed))


async def move_essays(tx: Transaction, run: PhaseRun, moved: Iterable[EssayInPhase]) -> None:
    """Save the essays' steps; with the last answer the phase is over."""
    await save_essays(tx.session, run, moved)
    if not await outstanding(tx.session, run):
        await close_phase_run(tx.session, run)
        essays = await essays_in(tx.session, run)
        tx.emit(outcome(run.batch_id, run.run_id, run.phase, essays))
