"""Texts on their way into slots: what the content store and the essay lifecycle say."""

from common_core.events.envelope import EventData
from common_core.identifiers import BatchId, TextId
from common_core.models import EssayFailure, EssayText


class EssayContentProvisionedV1(EventData):
    """A file was read and its text is stored."""

    batch_id: BatchId
    file_name: str
    file_hash: str
    """SHA-256 of the file: with its name it tells a repeated upload from another essay."""
    text_id: TextId
    word_count: int
    character_count: int


class EssayContentRejectedV1(EventData):
    """A file could not be read; `reason` is a sentence for the teacher."""

    batch_id: BatchId
    file_name: str
    file_hash: str
    code: str
    reason: str


class ExcessContentReportedV1(EventData):
    """A file came when no slot of its batch was free; it is kept, but not assessed."""

    batch_id: BatchId
    file_name: str
    file_hash: str
    reason: str


class BatchEssaysReadyV1(EventData):
    """Every slot is settled: filled, refused, or still empty when the deadline passed."""

    batch_id: BatchId
    essays: tuple[EssayText, ...]
    """Sorted by file name, then text id: later phases may rely on this order not to vary."""
    failed: tuple[EssayFailure, ...]
