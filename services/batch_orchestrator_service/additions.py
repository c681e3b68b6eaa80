"""Essays that arrive when their batch is complete: which run takes them in."""

from common_core.domain_enums import BatchStatus
from common_core.events.batch_events import BatchPipelineCompletedV1
from common_core.identifiers import RunId
from common_core.models import EssayText
from services.batch_orchestrator_service.domain import (
    Run,
    class_names,
    further_run_id,
    left_out,
    new_run,
)
from services.batch_orchestrator_service.store import Batch


def further_run(
    batch: Batch, last: Run | None, run_id: RunId, new: tuple[EssayText, ...]
) -> Run | None:
    """The run that has the new essays too; None while another is under way."""
    if not batch.status.ended:
        return None
    before = batch.essays or ()
    return new_run(
        batch.request,
        run_id,
        (*before, *new),
        batch.failed,
        pipeline=last.pipeline if last else None,
        judge=last.profile.judge if last else None,
        extra_comparisons=batch.extra_comparisons,
        earlier_names=(
            *batch.earlier_names,
            *((class_names(before, batch.failed),) if new else ()),
        ),
    )


def waited_for(
    batch: Batch | None, last: Run | None, ended: BatchPipelineCompletedV1
) -> Run | None:
    """The run for the essays that the ended one, still the latest, knows nothing of."""
    if batch is None or batch.run is not None or ended.status is BatchStatus.CANCELLED:
        return None
    essays = batch.essays or ()
    if last is None or last.run_id != ended.run_id or not left_out(last, essays):
        return None
    return further_run(batch, last, further_run_id(ended.batch_id, essays), ())
