"""How a batch is deleted everywhere: asked for, confirmed by each service, completed."""

from common_core.events.envelope import EventData
from common_core.identifiers import BatchId


class AboutDeletion(EventData):
    """Base of what is still said of a batch that was deleted: its id, and nothing of it."""

    batch_id: BatchId


class BatchDeletedV1(AboutDeletion):
    """A batch is to be forgotten, with everything that was derived from it."""


class BatchDataDeletedV1(AboutDeletion):
    """A service has forgotten a batch."""

    service: str
    rows: dict[str, int]
    """How many rows were deleted, by table."""


class BatchDeletionCompletedV1(AboutDeletion):
    """Every service has forgotten the batch."""
