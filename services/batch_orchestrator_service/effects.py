"""What follows from a decision: rows and events. Shared by HTTP, events and deadlines."""

from common_core.domain_enums import BatchStatus, RunControl
from common_core.events.batch_events import (
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
)
from common_core.http_models import ResolvedPipeline
from common_core.phases import phase_named
from huleedu_service_libs.transaction import Transaction
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import (
    CANCELLED_MESSAGE,
    PAUSED_MESSAGE,
    Run,
    cancelled,
    command,
    plan,
    proceed,
    verdict,
    waits_for_people,
)
from services.batch_orchestrator_service.store import save_run, set_control, set_status


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
    tx.emit(command(run, _deadline(run, settings)))
    await save_run(tx.session, run, under_way=True)
    await _wait(tx, run, settings)


def _deadline(run: Run, settings: Settings) -> float:
    return settings.phase_deadline(len(run.to_do), asks_people=waits_for_people(run))


async def _wait(tx: Transaction, run: Run, settings: Settings) -> None:
    if run.phase is None:
        return
    await set_status(
        tx.session,
        run.batch_id,
        BatchStatus.RUNNING,
        f"{phase_named(run.phase).title} is under way.",
        deadline_seconds=_deadline(run, settings) + settings.grace_seconds,
    )


async def control(
    tx: Transaction,
    run: Run,
    wanted: RunControl,
    resolved: ResolvedPipeline | None,
    settings: Settings,
) -> None:
    """Tell everybody what the owner wants of the run, and do it; `resolved` if a phase is due."""
    await say_control(tx, run, wanted, settings)
    match wanted:
        case RunControl.CANCEL:
            await end(tx, cancelled(run), BatchStatus.CANCELLED, CANCELLED_MESSAGE)
        case RunControl.PAUSE:
            await set_status(
                tx.session,
                run.batch_id,
                BatchStatus.RUNNING,
                PAUSED_MESSAGE,
                deadline_seconds=None,
            )
        case _ if run.phase is None:  # its last outcome came while it was paused
            await carry_on(tx, run, resolved, settings)
        case _:
            await _wait(tx, run, settings)


async def say_control(tx: Transaction, run: Run, wanted: RunControl, settings: Settings) -> None:
    sequence = await set_control(tx.session, run.batch_id, wanted)
    waits = run.phase is not None and wanted in {RunControl.GO_ON, RunControl.FINISH}
    tx.emit(
        BatchRunControlledV1(
            batch_id=run.batch_id,
            run_id=run.run_id,
            sequence=sequence,
            control=wanted,
            extra_comparisons=run.profile.extra_comparisons,
            deadline_seconds=_deadline(run, settings) if waits else None,
        ),
        discriminator=str(sequence),
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
    await set_control(tx.session, run.batch_id, RunControl.GO_ON)
    await set_status(tx.session, run.batch_id, status, message, deadline_seconds=None)
