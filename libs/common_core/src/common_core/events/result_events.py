from common_core.domain_enums import BatchStatus
from common_core.events.envelope import EventData
from common_core.identifiers import BatchId, RunId


class BatchResultsReadyV1(EventData):
    """The results of a run can be fetched."""

    batch_id: BatchId
    owner_id: str
    run_id: RunId
    status: BatchStatus
    assessed: int
    failed: int
