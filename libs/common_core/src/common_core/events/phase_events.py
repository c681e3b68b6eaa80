"""The shape that every phase shares: command, request, completion, outcome.

The orchestrator commands a phase for a batch, the essay lifecycle fans it out into requests (one
per essay or one per batch), a worker answers each with a thin completion, and the lifecycle closes
the phase with an outcome.
"""

from typing import Annotated

from pydantic import Field

from common_core.domain_enums import PhaseName
from common_core.events.envelope import EventData
from common_core.identifiers import BatchId, RunId
from common_core.models import BatchProfile, EssayFailure, EssayText


class PhaseCommand(EventData):
    batch_id: BatchId
    run_id: RunId
    essays: Annotated[tuple[EssayText, ...], Field(min_length=1)]
    profile: BatchProfile
    deadline_seconds: Annotated[float, Field(gt=0)]
    """Counted by the receiver; essays without an answer by then are reported as failed."""


class PhaseRequest(EventData):
    batch_id: BatchId
    run_id: RunId
    essays: Annotated[tuple[EssayText, ...], Field(min_length=1)]
    profile: BatchProfile
    fingerprint: str
    """What the answer depends on (`common_core.phases.fingerprint`); repeated in the completion."""


class PhaseCompleted(EventData):
    batch_id: BatchId
    run_id: RunId
    fingerprint: str
    succeeded: tuple[EssayText, ...]
    """With the text that the phase leaves for the next one."""
    failed: tuple[EssayFailure, ...]
    engine_version: str | None = None
    """Of what made the answer, where another version may answer otherwise."""


class PhaseEngineStarted(EventData):
    """From now on this version answers; what another one made is not taken over."""

    engine_version: str


class ElsBatchPhaseOutcomeV1(EventData):
    """A phase is over for a batch: which essays went through, which failed and why."""

    batch_id: BatchId
    run_id: RunId
    phase: PhaseName
    succeeded: tuple[EssayText, ...]
    failed: tuple[EssayFailure, ...]
