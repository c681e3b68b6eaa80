"""What the result aggregator hears: whatever it is, it is one more fact about a batch."""

from common_core.events.batch_events import (
    BatchEssaysAddedV1,
    BatchEssaysRegisteredV1,
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
)
from common_core.events.cj_events import AssessmentResultV1, CjAssessmentProgressedV1
from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.essay_events import (
    BatchEssaysReadyV1,
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router
from huleedu_service_libs.transaction import Transaction
from services.result_aggregator_service.domain.heard import Fact, HeardEvent, gather
from services.result_aggregator_service.domain.progress import progress
from services.result_aggregator_service.domain.results import ready_runs
from services.result_aggregator_service.store import announce, facts, forget, keep, lock_batch, show

router = Router()
router.work(BatchDeletedV1)(forgetting(forget))


@router.on(BatchEssaysRegisteredV1)
@router.on(EssayContentProvisionedV1)
@router.on(EssayContentRejectedV1)
@router.on(ExcessContentReportedV1)
@router.on(BatchEssaysReadyV1)
@router.on(BatchEssaysAddedV1)
@router.on(BatchPipelineStartedV1)
@router.on(ElsBatchPhaseOutcomeV1)
@router.on(SpellcheckResultV1)
@router.on(CjAssessmentProgressedV1)
@router.on(AssessmentResultV1)
@router.on(BatchRunControlledV1)
@router.on(BatchPipelineCompletedV1)
async def take_note(event: EventEnvelope[HeardEvent], tx: Transaction) -> None:
    """Keep the fact, show what the batch looks like now, and announce results that are complete."""
    batch_id = event.data.batch_id
    now = await lock_batch(tx.session, batch_id)
    if not await keep(tx.session, Fact(event.data, event.event_timestamp)):
        return
    batch = gather(await facts(tx.session, batch_id))
    if batch is None:
        return
    await show(tx.session, progress(batch, now))
    for ready in ready_runs(batch):
        if await announce(tx.session, batch_id, ready.run_id):
            tx.emit(ready, discriminator=str(ready.run_id))
