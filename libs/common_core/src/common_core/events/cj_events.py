from common_core.events.envelope import EventData
from common_core.events.phase_events import PhaseCommand, PhaseCompleted, PhaseRequest
from common_core.identifiers import BatchId, RunId
from common_core.models import EssayScore, JudgeReport, LookFirst


class BatchCjAssessmentInitiateCommandV1(PhaseCommand):
    """Rank these essays by comparative judgement."""


class CjAssessmentRequestedV1(PhaseRequest):
    """Compare these essays with one another."""


class CjWaveRequestedV1(EventData):
    """Judge the next wave of pairs.

    An assessment is a chain of these, so that a crash repeats one wave at most.
    """

    batch_id: BatchId
    run_id: RunId
    wave: int


class CjAssessmentProgressedV1(EventData):
    """How far the assessment has come."""

    batch_id: BatchId
    run_id: RunId
    comparisons: int
    expected_comparisons: int
    reliability: float
    wave: int = 0
    waiting_for_people: int = 0
    """Comparisons that people have not made yet, in the wave under way."""


class CjAssessmentCompletedV1(PhaseCompleted):
    """The assessment is over: the state, without the data."""


class AssessmentResultV1(EventData):
    """The ranking: the data."""

    batch_id: BatchId
    run_id: RunId
    judge: str
    reliability: float
    comparisons: int
    stop_reason: str
    grade_note: str | None
    """Why there are no grades although anchors were given, or what to mind about them."""
    essays: tuple[EssayScore, ...]
    """By rank."""
    concordance: float | None = None
    """Share of pairs that a repeat is expected to order the same way, .5 to 1."""
    judges: tuple[JudgeReport, ...] = ()
    look_first: tuple[LookFirst, ...] = ()
    """The most urgent first."""
    taken_over: int = 0
    """How many of the comparisons were made in earlier runs of the batch."""
