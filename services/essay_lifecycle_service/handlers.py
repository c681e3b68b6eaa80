"""What the essay lifecycle hears. Uploads fill slots; a phase fans out to essays and back in."""

from collections.abc import Awaitable, Callable

from common_core.events.batch_events import BatchEssaysRegisteredV1, BatchRunControlledV1
from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.events.phase_events import PhaseCommand, PhaseCompleted
from common_core.identifiers import BatchId
from common_core.phases import PHASES, Phase
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router
from huleedu_service_libs.transaction import Transaction
from services.essay_lifecycle_service.domain.intake import Placement, Refusal, Upload
from services.essay_lifecycle_service.domain.phase_run import answered, requests, started
from services.essay_lifecycle_service.effects import move_essays, take_in
from services.essay_lifecycle_service.store.controls import keep_control
from services.essay_lifecycle_service.store.forgetting import forget
from services.essay_lifecycle_service.store.intake import (
    lock_batch,
    record_upload,
    register,
    uploads,
)
from services.essay_lifecycle_service.store.phase_runs import (
    apply_control,
    essays_in,
    lock_open_phase_run,
    open_phase_run,
)

router = Router()


@router.on(BatchEssaysRegisteredV1)
async def open_slots(event: EventEnvelope[BatchEssaysRegisteredV1], tx: Transaction) -> None:
    """A batch has slots; files that came before it take theirs now."""
    data = event.data
    batch = await lock_batch(tx.session, data.batch_id)
    if batch.essay_ids is not None:
        return
    intake = await register(
        tx.session,
        data.batch_id,
        data.essay_ids,
        event.correlation_id,
        data.upload_deadline_seconds,
    )
    waiting = await uploads(tx.session, data.batch_id, Placement.WAITING)
    await take_in(tx, data.batch_id, data.essay_ids, intake, waiting)


@router.on(EssayContentProvisionedV1)
async def take_text(event: EventEnvelope[EssayContentProvisionedV1], tx: Transaction) -> None:
    """A file became a text: it takes a slot."""
    data = event.data
    await _take(tx, data.batch_id, Upload(data.file_name, data.file_hash, data.text_id))


@router.on(EssayContentRejectedV1)
async def take_refusal(event: EventEnvelope[EssayContentRejectedV1], tx: Transaction) -> None:
    """A file could not be read: it takes a slot that has failed."""
    data = event.data
    refusal = Refusal(data.code, data.reason)
    await _take(tx, data.batch_id, Upload(data.file_name, data.file_hash, refusal))


async def _take(tx: Transaction, batch_id: BatchId, upload: Upload) -> None:
    batch = await lock_batch(tx.session, batch_id)
    is_new = await record_upload(tx.session, batch_id, upload)
    if is_new and batch.essay_ids is not None:
        await take_in(tx, batch_id, batch.essay_ids, batch.intake, [upload])


def fan_out(phase: Phase) -> Callable[[EventEnvelope[PhaseCommand], Transaction], Awaitable[None]]:
    async def ask_worker(event: EventEnvelope[PhaseCommand], tx: Transaction) -> None:
        """A phase begins: each essay is requested of its worker."""
        asked = requests(phase, event.data)
        opened = await open_phase_run(
            tx.session, phase.name, event.data, started(asked), event.correlation_id
        )
        if opened:
            for request in asked:
                tx.emit(request, discriminator=request.fingerprint)

    return ask_worker


def fan_in(phase: Phase) -> Callable[[EventEnvelope[PhaseCompleted], Transaction], Awaitable[None]]:
    async def take_answer(event: EventEnvelope[PhaseCompleted], tx: Transaction) -> None:
        """A worker has answered for some essays of a phase, or all."""
        answer = event.data
        run = await lock_open_phase_run(tx.session, answer.run_id, phase.name)
        if run is not None:
            mentioned = {essay.essay_id for essay in answer.succeeded}
            mentioned |= {failure.essay_id for failure in answer.failed}
            essays = await essays_in(tx.session, run, only=mentioned)
            await move_essays(tx, run, answered(essays, answer))

    return take_answer


@router.on(BatchRunControlledV1)
async def take_control(event: EventEnvelope[BatchRunControlledV1], tx: Transaction) -> None:
    """The owner pauses, resumes or cancels a run: nobody is given up while nobody is to work."""
    if await keep_control(tx.session, event.data):
        await apply_control(tx.session, event.data)


router.work(BatchDeletedV1)(forgetting(forget))
for _phase in PHASES:
    router.on(_phase.command)(fan_out(_phase))
    router.on(_phase.completed)(fan_in(_phase))
