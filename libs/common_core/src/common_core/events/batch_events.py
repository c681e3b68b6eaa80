"""What the batch orchestrator says of batches and their pipelines."""

from typing import Annotated

from pydantic import Field

from common_core.domain_enums import BatchStatus, Language, PhaseName, RunControl
from common_core.events.envelope import EventData
from common_core.identifiers import BatchId, EssayId, RunId
from common_core.models import EssayFailure, EssayText, WireModel


class BatchEssaysRegisteredV1(EventData):
    """A batch exists and waits for one text per slot."""

    batch_id: BatchId
    owner_id: str
    name: str
    language: Language
    essay_ids: Annotated[tuple[EssayId, ...], Field(min_length=1)]
    pipeline: tuple[PhaseName, ...]
    upload_deadline_seconds: Annotated[float, Field(gt=0)]
    """Counted by the receiver from the moment it records the batch."""


class BatchEssaysAddedV1(EventData):
    """Essays have joined a batch that was complete: the next run of its pipeline has them."""

    batch_id: BatchId
    request_id: RunId
    essays: Annotated[tuple[EssayText, ...], Field(min_length=1)]


class PhasePlan(WireModel):
    phase: PhaseName
    to_do: int
    reused: int


class BatchPipelineStartedV1(EventData):
    """A run begins, with what it will do and what it takes over from earlier runs."""

    batch_id: BatchId
    run_id: RunId
    phases: tuple[PhasePlan, ...]


class PhaseResult(WireModel):
    phase: PhaseName
    result_run_id: RunId
    """The run whose result holds: this one, or the earlier one it was taken over from."""


class BatchPipelineCompletedV1(EventData):
    """A run has ended, one way or the other; `message` is a sentence for the teacher."""

    batch_id: BatchId
    run_id: RunId
    status: BatchStatus
    message: str
    phases: tuple[PhaseResult, ...]
    essays: tuple[EssayText, ...]
    """Those that went through every phase, with the text that came out of the last one."""
    failed: tuple[EssayFailure, ...]


class BatchRunControlledV1(EventData):
    """What the owner now wants of a run; of two for one run the later `sequence` holds."""

    batch_id: BatchId
    run_id: RunId
    sequence: Annotated[int, Field(ge=1)]
    control: RunControl
    extra_comparisons: Annotated[int, Field(ge=0)]
    """Per essay, beyond the usual budget, in all."""
    deadline_seconds: Annotated[float, Field(gt=0)] | None
    """Counted by the receiver, for the phase under way; None: nothing is waited for."""
