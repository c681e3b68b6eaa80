"""What follows from a decision: rows and events. Shared by HTTP, events and deadlines."""

from common_core.domain_enums import BatchStatus
from common_core.events.batch_events import BatchPipelineCompletedV1, BatchPipelineStartedV1
from common_core.http_models import ResolvedPipeline
from common_core.phases import phase_named
from huleedu_service_libs.transaction import Transaction
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import Run, command, plan, proceed, verdict
from services.batch_orchestrator_service.store import save_run, set_status


async def begin(
    tx: Transaction, run: Run, resolved: ResolvedPipeline | None, settings: Settings
) -> None:
    """Start a run, or end it at once if there is nothing to run it on."""
    if resolved is not None:
        tx.emit(
            BatchPipelineStartedV1(batch_id=run.batch_id, run_id=run.run_id, phases=plan(resolved))
        )
    await carry_on(tx, run, resolved, settings)


async def carry_on(
    tx: Transaction, run: Run, resolved: ResolvedPipeline | None, settings: Settings
) -> None:
    """Command the next phase there is work for, or end the run."""
    if resolved is not None:
        run = proceed(run, resolved)
    if run.phase is None:
        status, message = verdict(run)
        await end(tx, run, status, message)
        return
    deadline = settings.phase_deadline(len(run.to_do))
    tx.emit(command(run, deadline))
    await save_run(tx.session, run, under_way=True)
    await set_status(
        tx.session,
        run.batch_id,
        BatchStatus.RUNNING,
        f"{phase_named(run.phase).title} is under way.",
        deadline_seconds=deadline + settings.grace_seconds,
    )


async def end(tx: Transaction, run: Run, status: BatchStatus, message: str) -> None:
    tx.emit(
        BatchPipelineCompletedV1(
            batch_id=run.batch_id,
            run_id=run.run_id,
            status=status,
            message=message,
            phases=run.done,
            essays=run.essays,
            failed=run.failed,
        )
    )
    await save_run(tx.session, run, under_way=False)
    await set_status(tx.session, run.batch_id, status, message, deadline_seconds=None)
