from common_core.domain_enums import Language
from common_core.events.envelope import EventData
from common_core.events.phase_events import (
    PhaseCommand,
    PhaseCompleted,
    PhaseEngineStarted,
    PhaseRequest,
)
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import Correction


class BatchSpellcheckInitiateCommandV1(PhaseCommand):
    """Correct the spelling of these essays."""


class EssaySpellcheckRequestedV1(PhaseRequest):
    """Correct the spelling of one essay."""


class SpellcheckPhaseCompletedV1(PhaseCompleted):
    """One essay is corrected, or could not be: the state, without the data."""


class SpellcheckEngineStartedV1(PhaseEngineStarted):
    """A spelling service has started, with this version of its engine."""


class SpellcheckResultV1(EventData):
    """One essay's corrections: the data."""

    batch_id: BatchId
    run_id: RunId
    essay_id: EssayId
    text_id: TextId
    corrected_text_id: TextId
    language: Language
    word_count: int
    corrections: tuple[Correction, ...]
    """In order of `start`, not overlapping."""
    engine_version: str
