"""What was heard about a batch, as a set of facts.

Events of a dozen topics arrive in any order, late and twice. So nothing is ever updated: each event
is a fact with a name of its own, kept once, and everything that is shown is a function of the set
of facts. Order and repetition cannot matter to a set.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid5

from common_core.domain_enums import PhaseName, RunControl
from common_core.events.batch_events import (
    BatchEssaysAddedV1,
    BatchEssaysRegisteredV1,
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
)
from common_core.events.cj_events import AssessmentResultV1, CjAssessmentProgressedV1
from common_core.events.envelope import EventData
from common_core.events.essay_events import (
    BatchEssaysReadyV1,
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from common_core.identifiers import EssayId, RunId
from common_core.models import EssayText

DataT = TypeVar("DataT", bound=EventData)

HeardEvent = (
    BatchEssaysRegisteredV1
    | EssayContentProvisionedV1
    | EssayContentRejectedV1
    | ExcessContentReportedV1
    | BatchEssaysReadyV1
    | BatchEssaysAddedV1
    | BatchPipelineStartedV1
    | ElsBatchPhaseOutcomeV1
    | SpellcheckResultV1
    | CjAssessmentProgressedV1
    | AssessmentResultV1
    | BatchRunControlledV1
    | BatchPipelineCompletedV1
)


@dataclass(frozen=True)
class Fact:
    data: HeardEvent
    at: datetime
    """When its producer said it."""


@dataclass(frozen=True)
class Run:
    """One execution of a pipeline, as far as it was heard of."""

    run_id: RunId
    begun_at: datetime
    started: BatchPipelineStartedV1 | None
    outcomes: dict[PhaseName, ElsBatchPhaseOutcomeV1]
    comparing: CjAssessmentProgressedV1 | None
    """The furthest it was heard to have come."""
    assessment: AssessmentResultV1 | None
    completed: BatchPipelineCompletedV1 | None
    control: RunControl = RunControl.GO_ON
    """What the owner wants of it, by the latest that was heard."""


@dataclass(frozen=True)
class Batch:
    registered: BatchEssaysRegisteredV1
    registered_at: datetime
    provisioned: tuple[EssayContentProvisionedV1, ...]
    rejected: tuple[EssayContentRejectedV1, ...]
    excess: tuple[ExcessContentReportedV1, ...]
    ready: BatchEssaysReadyV1 | None
    joined: tuple[EssayText, ...]
    """Essays that came when it was ready, in the order in which they joined."""
    runs: tuple[Run, ...]
    """From the first to the latest."""
    spellchecks: dict[EssayId, tuple[SpellcheckResultV1, ...]]

    @property
    def essays(self) -> tuple[EssayText, ...]:
        """All that could be read, once it is ready."""
        return (*(self.ready.essays if self.ready else ()), *self.joined)

    @property
    def expected(self) -> int:
        return len(self.registered.essay_ids) + len(self.joined)

    @property
    def run(self) -> Run | None:
        """The latest."""
        return self.runs[-1] if self.runs else None

    def run_with_id(self, run_id: RunId) -> Run | None:
        return next((run for run in self.runs if run.run_id == run_id), None)


def fact_id(data: HeardEvent) -> UUID:
    """The name of the fact: the same whenever the same thing is said again."""
    return uuid5(data.batch_id, f"{type(data).__name__}:{_subject(data)}")


def _subject(data: HeardEvent) -> str:
    subject: tuple[object, ...]
    match data:
        case BatchEssaysRegisteredV1() | BatchEssaysReadyV1():
            subject = ()
        case BatchEssaysAddedV1():
            subject = (data.request_id,)
        case EssayContentProvisionedV1() | EssayContentRejectedV1() | ExcessContentReportedV1():
            subject = (data.file_hash, data.file_name)
        case BatchPipelineStartedV1() | BatchPipelineCompletedV1() | AssessmentResultV1():
            subject = (data.run_id,)
        case ElsBatchPhaseOutcomeV1():
            subject = (data.run_id, data.phase)
        case SpellcheckResultV1():
            subject = (data.run_id, data.essay_id)
        case CjAssessmentProgressedV1():
            subject = (data.run_id, data.comparisons, data.wave, data.waiting_for_people)
        case BatchRunControlledV1():
            subject = (data.run_id, data.sequence)
    return ":".join(map(str, subject))


def gather(facts: Iterable[Fact]) -> Batch | None:
    """The batch that the facts are about; None as long as nobody has said whose it is."""
    heard = sorted(facts, key=lambda fact: (fact.at, fact_id(fact.data)))
    registered = next(
        (fact for fact in heard if isinstance(fact.data, BatchEssaysRegisteredV1)), None
    )
    if registered is None or not isinstance(registered.data, BatchEssaysRegisteredV1):
        return None
    spellchecks: dict[EssayId, list[SpellcheckResultV1]] = defaultdict(list)
    for result in _all(heard, SpellcheckResultV1):
        spellchecks[result.essay_id].append(result)
    return Batch(
        registered=registered.data,
        registered_at=registered.at,
        provisioned=_all(heard, EssayContentProvisionedV1),
        rejected=_all(heard, EssayContentRejectedV1),
        excess=_all(heard, ExcessContentReportedV1),
        ready=_last(_all(heard, BatchEssaysReadyV1)),
        joined=tuple(essay for added in _all(heard, BatchEssaysAddedV1) for essay in added.essays),
        runs=_runs(heard),
        spellchecks={essay_id: tuple(results) for essay_id, results in spellchecks.items()},
    )


def _runs(heard: list[Fact]) -> tuple[Run, ...]:
    """In the order in which the orchestrator began them."""
    by_run: dict[RunId, list[Fact]] = defaultdict(list)
    for fact in heard:
        if isinstance(
            fact.data,
            BatchPipelineStartedV1
            | BatchPipelineCompletedV1
            | ElsBatchPhaseOutcomeV1
            | CjAssessmentProgressedV1
            | AssessmentResultV1
            | BatchRunControlledV1,
        ):
            by_run[fact.data.run_id].append(fact)
    runs = [_run(run_id, facts) for run_id, facts in by_run.items()]
    return tuple(sorted(runs, key=lambda run: (run.begun_at, run.run_id)))


def _run(run_id: RunId, facts: list[Fact]) -> Run:
    comparing = _all(facts, CjAssessmentProgressedV1)
    controls = _all(facts, BatchRunControlledV1)
    control = max(controls, key=lambda said: said.sequence, default=None)
    started = [fact.at for fact in facts if isinstance(fact.data, BatchPipelineStartedV1)]
    return Run(
        run_id=run_id,
        begun_at=min(started, default=min(fact.at for fact in facts)),
        started=_last(_all(facts, BatchPipelineStartedV1)),
        outcomes={outcome.phase: outcome for outcome in _all(facts, ElsBatchPhaseOutcomeV1)},
        comparing=max(comparing, key=_how_far, default=None),
        assessment=_last(_all(facts, AssessmentResultV1)),
        completed=_last(_all(facts, BatchPipelineCompletedV1)),
        control=control.control if control else RunControl.GO_ON,
    )


def _how_far(progress: CjAssessmentProgressedV1) -> tuple[int, int, int]:
    return progress.comparisons, progress.wave, -progress.waiting_for_people


def _all(facts: list[Fact], model: type[DataT]) -> tuple[DataT, ...]:
    return tuple(fact.data for fact in facts if isinstance(fact.data, model))


def _last(found: tuple[DataT, ...]) -> DataT | None:
    return found[-1] if found else None
