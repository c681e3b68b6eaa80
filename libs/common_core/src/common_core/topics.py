"""The one table of events: class, topic, key and producer. Consumers are found in the routers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from common_core.events.batch_events import (
    BatchEssaysAddedV1,
    BatchEssaysRegisteredV1,
    BatchPipelineCompletedV1,
    BatchPipelineStartedV1,
    BatchRunControlledV1,
)
from common_core.events.cj_events import (
    AssessmentResultV1,
    BatchCjAssessmentInitiateCommandV1,
    CjAssessmentCompletedV1,
    CjAssessmentProgressedV1,
    CjAssessmentRequestedV1,
    CjWaveRequestedV1,
)
from common_core.events.deletion_events import (
    BatchDataDeletedV1,
    BatchDeletedV1,
    BatchDeletionCompletedV1,
)
from common_core.events.envelope import EventData
from common_core.events.essay_events import (
    BatchEssaysReadyV1,
    EssayContentProvisionedV1,
    EssayContentRejectedV1,
    ExcessContentReportedV1,
)
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.events.result_events import BatchResultsReadyV1
from common_core.events.spellcheck_events import (
    BatchSpellcheckInitiateCommandV1,
    EssaySpellcheckRequestedV1,
    SpellcheckEngineStartedV1,
    SpellcheckPhaseCompletedV1,
    SpellcheckResultV1,
)

PARTITIONS = 6


@dataclass(frozen=True)
class EventType:
    model: type[EventData]
    topic: str
    producer: str
    key: Callable[[Any], object]
    reason: str | None = None
    """Why it exists, if no service here consumes it."""
    also_from: tuple[str, ...] = ()
    """Other services that say it too."""

    @property
    def name(self) -> str:
        return self.model.__name__

    @property
    def producers(self) -> tuple[str, ...]:
        return (self.producer, *self.also_from)


def _batch(data: Any) -> object:
    return data.batch_id


def _essay(data: Any) -> object:
    return data.essay_id


def _one_for_all(_data: Any) -> object:
    return "all"


def _only_essay(data: Any) -> object:
    return data.essays[0].essay_id


_BOS = "batch_orchestrator_service"
_BCS = "batch_conductor_service"
_CONTENT = "content_service"
_ELS = "essay_lifecycle_service"
_SPELL = "spellchecker_service"
_CJ = "cj_assessment_service"
_RAS = "result_aggregator_service"

KEEPERS = (_BCS, _CONTENT, _ELS, _SPELL, _CJ, _RAS)
"""The services that keep something of a batch: each confirms that it has forgotten one."""

EVENTS: tuple[EventType, ...] = (
    EventType(BatchEssaysRegisteredV1, "huleedu.bos.batch-essays-registered.v1", _BOS, _batch),
    EventType(BatchEssaysAddedV1, "huleedu.bos.batch-essays-added.v1", _BOS, _batch),
    EventType(BatchSpellcheckInitiateCommandV1, "huleedu.bos.spellcheck-initiate.v1", _BOS, _batch),
    EventType(
        BatchCjAssessmentInitiateCommandV1, "huleedu.bos.cj-assessment-initiate.v1", _BOS, _batch
    ),
    EventType(BatchPipelineStartedV1, "huleedu.bos.pipeline-started.v1", _BOS, _batch),
    EventType(BatchPipelineCompletedV1, "huleedu.bos.pipeline-completed.v1", _BOS, _batch),
    EventType(BatchRunControlledV1, "huleedu.bos.run-controlled.v1", _BOS, _batch),
    EventType(EssayContentProvisionedV1, "huleedu.content.essay-provisioned.v1", _CONTENT, _batch),
    EventType(EssayContentRejectedV1, "huleedu.content.essay-rejected.v1", _CONTENT, _batch),
    EventType(ExcessContentReportedV1, "huleedu.els.excess-content-reported.v1", _ELS, _batch),
    EventType(BatchEssaysReadyV1, "huleedu.els.batch-essays-ready.v1", _ELS, _batch),
    EventType(EssaySpellcheckRequestedV1, "huleedu.els.spellcheck-requested.v1", _ELS, _only_essay),
    EventType(CjAssessmentRequestedV1, "huleedu.els.cj-assessment-requested.v1", _ELS, _batch),
    EventType(ElsBatchPhaseOutcomeV1, "huleedu.els.batch-phase-outcome.v1", _ELS, _batch),
    EventType(SpellcheckPhaseCompletedV1, "huleedu.spell.spellcheck-completed.v1", _SPELL, _batch),
    EventType(SpellcheckResultV1, "huleedu.spell.spellcheck-result.v1", _SPELL, _essay),
    EventType(SpellcheckEngineStartedV1, "huleedu.spell.engine-started.v1", _SPELL, _one_for_all),
    EventType(CjWaveRequestedV1, "huleedu.cj.wave-requested.v1", _CJ, _batch),
    EventType(CjAssessmentProgressedV1, "huleedu.cj.assessment-progressed.v1", _CJ, _batch),
    EventType(CjAssessmentCompletedV1, "huleedu.cj.assessment-completed.v1", _CJ, _batch),
    EventType(AssessmentResultV1, "huleedu.cj.assessment-result.v1", _CJ, _batch),
    EventType(
        BatchResultsReadyV1,
        "huleedu.ras.batch-results-ready.v1",
        _RAS,
        _batch,
        reason="for the school's own systems: it tells them when results can be fetched",
    ),
    EventType(BatchDeletedV1, "huleedu.bos.batch-deleted.v1", _BOS, _batch),
    EventType(
        BatchDataDeletedV1,
        "huleedu.all.batch-data-deleted.v1",
        KEEPERS[0],
        _batch,
        also_from=KEEPERS[1:],
    ),
    EventType(
        BatchDeletionCompletedV1,
        "huleedu.bos.batch-deletion-completed.v1",
        _BOS,
        _batch,
        reason="for the school's own systems: it tells them that nothing of the batch is left",
    ),
)


@cache
def event_type_of(model: type[EventData]) -> EventType:
    """The row of an event class; KeyError for a class that is not in the table."""
    return {row.model: row for row in EVENTS}[model]


@cache
def event_type_named(name: str) -> EventType:
    """The row of an event by its class name; KeyError for an unknown one."""
    return {row.name: row for row in EVENTS}[name]


def key_of(data: EventData) -> str:
    """The Kafka key: events with the same key are handled in order."""
    return str(event_type_of(type(data)).key(data))
