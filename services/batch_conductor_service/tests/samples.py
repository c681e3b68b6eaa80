"""Essays and completions to try things with."""

from uuid import UUID, uuid5

from common_core.domain_enums import Language
from common_core.events.cj_events import CjAssessmentCompletedV1
from common_core.events.phase_events import PhaseCompleted
from common_core.events.spellcheck_events import SpellcheckPhaseCompletedV1
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import BatchProfile, EssayFailure, EssayText
from common_core.phases import PHASES, fingerprint

SPELLCHECK, COMPARISON = PHASES
BATCH = BatchId(UUID(int=1))
FIRST_RUN = RunId(UUID(int=11))
SECOND_RUN = RunId(UUID(int=12))
PROFILE = BatchProfile(language=Language.ENGLISH, judge="offline")


def essay(name: str, text: str = "as written") -> EssayText:
    return EssayText(
        essay_id=EssayId(uuid5(BATCH, name)),
        file_name=f"{name}.txt",
        text_id=TextId(f"{name} {text}"),
    )


def corrected(name: str) -> EssayText:
    return essay(name, "corrected")


def failure(name: str) -> EssayFailure:
    return EssayFailure(
        essay_id=essay(name).essay_id,
        file_name=f"{name}.txt",
        code="unreadable",
        reason="It cannot be read.",
    )


def spellchecked(
    name: str, run_id: RunId = FIRST_RUN, engine_version: str | None = None
) -> SpellcheckPhaseCompletedV1:
    return SpellcheckPhaseCompletedV1(
        batch_id=BATCH,
        run_id=run_id,
        fingerprint=fingerprint(SPELLCHECK, [essay(name)], PROFILE),
        succeeded=(corrected(name),),
        failed=(),
        engine_version=engine_version,
    )


def not_spellchecked(name: str) -> SpellcheckPhaseCompletedV1:
    return spellchecked(name).model_copy(update={"succeeded": (), "failed": (failure(name),)})


def compared(
    *names: str, failed: tuple[EssayFailure, ...] = (), run_id: RunId = FIRST_RUN
) -> CjAssessmentCompletedV1:
    essays = tuple(corrected(name) for name in names)
    return CjAssessmentCompletedV1(
        batch_id=BATCH,
        run_id=run_id,
        fingerprint=fingerprint(COMPARISON, essays, PROFILE),
        succeeded=essays,
        failed=failed,
    )


COMPLETIONS: tuple[PhaseCompleted, ...] = (spellchecked("anna"), compared("anna", "bo"))
