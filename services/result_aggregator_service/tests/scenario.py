"""A batch of four slots and everything that is said about it, for tests to shuffle."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

from common_core.domain_enums import (
    BatchStatus,
    CorrectionKind,
    Language,
    PhaseName,
    RunControl,
)
from common_core.events.batch_events import (
    BatchEssaysAddedV1,
    BatchEssaysRegisteredV1,
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
    PhasePlan,
    PhaseResult,
)
from common_core.events.cj_events import AssessmentResultV1, CjAssessmentProgressedV1
from common_core.events.envelope import EventEnvelope, envelop
from common_core.events.essay_events import (
    BatchEssaysReadyV1,
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import Correction, EssayFailure, EssayScore, EssayText
from services.result_aggregator_service.domain.heard import Fact, HeardEvent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OWNER = "anna"


def text_id(text: str) -> TextId:
    return TextId(sha256(text.encode()).hexdigest())


class Scenario:
    """`a`, `b`, `c` can be read, `d.pdf` cannot, `e` is one too many; `c` fails spelling."""

    def __init__(self, batch_id: UUID) -> None:
        self.batch_id = BatchId(batch_id)
        self.run_id = RunId(uuid5(batch_id, "first run"))
        self.second_run_id = RunId(uuid5(batch_id, "second run"))
        self.names = ("a.txt", "b.txt", "c.txt")
        self.essay_ids = tuple(EssayId(uuid5(batch_id, f"slot {n}")) for n in range(4))

    def essay(self, number: int, *, corrected: bool = False) -> EssayText:
        text = f"text {number}" + (" corrected" if corrected else "")
        return EssayText(
            essay_id=self.essay_ids[number], file_name=self.names[number], text_id=text_id(text)
        )

    @property
    def refused(self) -> EssayFailure:
        return EssayFailure(
            essay_id=self.essay_ids[3], file_name="d.pdf", code="scan", reason="It is a scan."
        )

    @property
    def unchecked(self) -> EssayFailure:
        return EssayFailure(
            essay_id=self.essay_ids[2],
            file_name="c.txt",
            code="no_answer",
            reason="It was not checked in time.",
        )

    def registered(self) -> BatchEssaysRegisteredV1:
        return BatchEssaysRegisteredV1(
            batch_id=self.batch_id,
            owner_id=OWNER,
            name="Class 9B",
            language=Language.ENGLISH,
            essay_ids=self.essay_ids,
            pipeline=(PhaseName.SPELLCHECK, PhaseName.CJ_ASSESSMENT),
            upload_deadline_seconds=60,
        )

    def provisioned(self, name: str, number: int) -> EssayContentProvisionedV1:
        return EssayContentProvisionedV1(
            batch_id=self.batch_id,
            file_name=name,
            file_hash=text_id(name),
            text_id=text_id(f"text {number}"),
            word_count=100 + number,
            character_count=500,
        )

    def rejected(self) -> EssayContentRejectedV1:
        return EssayContentRejectedV1(
            batch_id=self.batch_id,
            file_name="d.pdf",
            file_hash=text_id("d.pdf"),
            code="scan",
            reason="It is a scan.",
        )

    def excess(self) -> ExcessContentReportedV1:
        return ExcessContentReportedV1(
            batch_id=self.batch_id,
            file_name="e.txt",
            file_hash=text_id("e.txt"),
            reason="The batch was full.",
        )

    def ready(self) -> BatchEssaysReadyV1:
        return BatchEssaysReadyV1(
            batch_id=self.batch_id,
            essays=tuple(self.essay(number) for number in range(3)),
            failed=(self.refused,),
        )

    def joined(self) -> BatchEssaysAddedV1:
        """What was one too many has a place after all."""
        late = EssayText(
            essay_id=EssayId(uuid5(self.batch_id, "late")),
            file_name="e.txt",
            text_id=text_id("text 4"),
        )
        request_id = RunId(uuid5(self.batch_id, "request"))
        return BatchEssaysAddedV1(batch_id=self.batch_id, request_id=request_id, essays=(late,))

    def started(self) -> BatchPipelineStartedV1:
        return BatchPipelineStartedV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            phases=(
                PhasePlan(phase=PhaseName.SPELLCHECK, to_do=3, reused=0),
                PhasePlan(phase=PhaseName.CJ_ASSESSMENT, to_do=3, reused=0),
            ),
        )

    def spellchecked(self, number: int) -> SpellcheckResultV1:
        return SpellcheckResultV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            essay_id=self.essay_ids[number],
            text_id=self.essay(number).text_id,
            corrected_text_id=self.essay(number, corrected=True).text_id,
            language=Language.ENGLISH,
            word_count=100 + number,
            corrections=(
                Correction(
                    start=0,
                    end=4,
                    original="text",
                    suggestions=("Text",),
                    kind=CorrectionKind.SPELLING,
                    confidence=0.9,
                    applied=True,
                ),
            ),
            engine_version="1",
        )

    def outcome(self, phase: PhaseName) -> ElsBatchPhaseOutcomeV1:
        return ElsBatchPhaseOutcomeV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            phase=phase,
            succeeded=tuple(self.essay(number, corrected=True) for number in range(2)),
            failed=(self.unchecked,) if phase == PhaseName.SPELLCHECK else (),
        )

    def controlled(self, control: RunControl, sequence: int = 1) -> BatchRunControlledV1:
        return BatchRunControlledV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            sequence=sequence,
            control=control,
            extra_comparisons=0,
            deadline_seconds=None,
        )

    def compared(
        self, comparisons: int, wave: int = 0, waiting: int = 0
    ) -> CjAssessmentProgressedV1:
        return CjAssessmentProgressedV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            comparisons=comparisons,
            expected_comparisons=20,
            reliability=comparisons / 20,
            wave=wave,
            waiting_for_people=waiting,
        )

    def assessed(self) -> AssessmentResultV1:
        return AssessmentResultV1(
            batch_id=self.batch_id,
            run_id=self.run_id,
            judge="offline",
            reliability=0.8,
            comparisons=16,
            stop_reason="stable",
            grade_note=None,
            essays=tuple(
                EssayScore(
                    essay_id=self.essay_ids[number],
                    rank=2 - number,
                    score=number - 0.5,
                    standard_error=0.3,
                    plausible_ranks=(1, 2),
                    comparisons=16,
                )
                for number in (1, 0)
            ),
        )

    def completed(self, run_id: RunId | None = None) -> BatchPipelineCompletedV1:
        return BatchPipelineCompletedV1(
            batch_id=self.batch_id,
            run_id=run_id or self.run_id,
            status=BatchStatus.COMPLETED_WITH_FAILURES,
            message="2 of 4 essays went through.",
            phases=tuple(
                PhaseResult(phase=phase, result_run_id=self.run_id)
                for phase in (PhaseName.SPELLCHECK, PhaseName.CJ_ASSESSMENT)
            ),
            essays=tuple(self.essay(number, corrected=True) for number in range(2)),
            failed=(self.refused, self.unchecked),
        )

    def started_again(self) -> BatchPipelineStartedV1:
        """A second run that takes everything over from the first."""
        return BatchPipelineStartedV1(
            batch_id=self.batch_id,
            run_id=self.second_run_id,
            phases=(
                PhasePlan(phase=PhaseName.SPELLCHECK, to_do=0, reused=3),
                PhasePlan(phase=PhaseName.CJ_ASSESSMENT, to_do=0, reused=2),
            ),
        )

    def first_run(self) -> list[HeardEvent]:
        return [
            self.registered(),
            *(self.provisioned(name, number) for number, name in enumerate(self.names)),
            self.rejected(),
            self.provisioned("e.txt", 4),
            self.excess(),
            self.ready(),
            self.started(),
            *(self.spellchecked(number) for number in range(2)),
            self.outcome(PhaseName.SPELLCHECK),
            self.compared(8),
            self.compared(8, wave=1, waiting=2),
            self.controlled(RunControl.PAUSE),
            self.controlled(RunControl.GO_ON, 2),
            self.compared(16),
            self.assessed(),
            self.outcome(PhaseName.CJ_ASSESSMENT),
            self.completed(),
        ]

    def both_runs(self) -> list[HeardEvent]:
        return [*self.first_run(), self.started_again(), self.completed(self.second_run_id)]


def facts(events: list[HeardEvent]) -> list[Fact]:
    """Each said one second after the one before."""
    return [Fact(event, NOON + timedelta(seconds=n)) for n, event in enumerate(events)]


def envelopes(events: list[HeardEvent]) -> list[EventEnvelope[HeardEvent]]:
    """The same, as they travel."""
    return [
        envelop(
            fact.data,
            event_id=uuid5(fact.data.batch_id, f"event {n}"),
            source_service="test",
            correlation_id=fact.data.batch_id,
            timestamp=fact.at,
        )
        for n, fact in enumerate(facts(events))
    ]
