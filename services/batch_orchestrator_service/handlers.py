"""What the orchestrator hears. The conductor is asked before the transaction opens."""

from dishka import FromDishka

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchPipelineCompletedV1
from common_core.events.deletion_events import BatchDataDeletedV1, BatchDeletionCompletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.essay_events import BatchEssaysReadyV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from huleedu_service_libs.errors import PermanentError, TemporaryError
from huleedu_service_libs.routing import Router, Work
from huleedu_service_libs.transaction import Transaction, Transactions
from services.batch_orchestrator_service import effects
from services.batch_orchestrator_service.additions import waited_for
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.domain import Run, absorb, awaits, first_run_id, new_run
from services.batch_orchestrator_service.store import (
    Batch,
    confirm_deletion,
    find_batch,
    latest_run,
    lock_batch,
    save_run,
    set_ready,
)

router = Router()


@router.work(BatchEssaysReadyV1)
async def start_first_run(
    event: EventEnvelope[BatchEssaysReadyV1],
    work: Work,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> None:
    """The essays are there: the pipeline that was registered with the batch runs on them."""
    ready = event.data
    async with transactions.sessions() as session:
        batch = await find_batch(session, ready.batch_id)
    if batch is None:
        raise PermanentError(f"batch {ready.batch_id} is ready but was never created here")
    run = new_run(
        batch.request,
        first_run_id(ready.batch_id),
        ready.essays,
        ready.failed,
        extra_comparisons=batch.extra_comparisons,
    )
    resolved = await conductor.resolve(run)
    async with work.transaction() as tx:
        batch = await lock_batch(tx.session, ready.batch_id)
        if batch is None or batch.ready:
            return
        await set_ready(tx.session, ready.batch_id, ready.essays, ready.failed)
        if not batch.status.ended:
            await effects.begin(tx, run, resolved, settings)


@router.work(ElsBatchPhaseOutcomeV1)
async def start_next_phase(
    event: EventEnvelope[ElsBatchPhaseOutcomeV1],
    work: Work,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> None:
    """A phase is over: the next one gets the essays that went through."""
    outcome = event.data
    async with transactions.sessions() as session:
        run = _awaiting(await find_batch(session, outcome.batch_id), outcome)
    after = absorb(run, outcome) if run else None
    resolved = await conductor.resolve(after) if after else None
    async with work.transaction() as tx:
        batch = await lock_batch(tx.session, outcome.batch_id)
        run, paused = _awaiting(batch, outcome), batch and batch.control is RunControl.PAUSE
        if run is None or after is None:
            return
        if paused and not after.over:
            await save_run(tx.session, after, under_way=True)
        else:
            await effects.carry_on(tx, after, resolved, settings)


@router.on(BatchDataDeletedV1)
async def note_confirmation(event: EventEnvelope[BatchDataDeletedV1], tx: Transaction) -> None:
    """A service has forgotten a batch; with the last of them the deletion is completed."""
    batch_id = event.data.batch_id
    if await confirm_deletion(tx.session, batch_id, event.data.service):
        tx.emit(BatchDeletionCompletedV1(batch_id=batch_id))


def _awaiting(batch: Batch | None, outcome: ElsBatchPhaseOutcomeV1) -> Run | None:
    """The run under way if this is the outcome it awaits; None for one of an older run or phase."""
    if batch is None or batch.run is None or not awaits(batch.run, outcome):
        return None
    return batch.run


@router.work(BatchPipelineCompletedV1)
async def take_up_late_essays(
    event: EventEnvelope[BatchPipelineCompletedV1],
    work: Work,
    transactions: FromDishka[Transactions],
    conductor: FromDishka[Conductor],
    settings: FromDishka[Settings],
) -> None:
    """A run has ended: essays that joined meanwhile have theirs now, unless it was cancelled."""
    ended = event.data
    async with transactions.sessions() as session:
        batch = await find_batch(session, ended.batch_id)
        further = waited_for(batch, await latest_run(session, ended.batch_id), ended)
    resolved = await conductor.resolve(further) if further else None
    async with work.transaction() as tx:
        batch = await lock_batch(tx.session, ended.batch_id)
        if waited_for(batch, await latest_run(tx.session, ended.batch_id), ended) != further:
            raise TemporaryError("the batch has changed a moment ago: look again")
        if further is not None:
            await effects.begin(tx, further, resolved, settings)
