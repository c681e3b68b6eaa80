"""Batches, runs and outcomes to try things with."""

from typing import Any
from uuid import UUID

from common_core.domain_enums import Language, PhaseName
from common_core.events.essay_events import BatchEssaysReadyV1
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1
from common_core.http_models import (
    CreateBatch,
    ResolvedPhase,
    ResolvedPipeline,
    ResolvePipeline,
)
from common_core.identifiers import BatchId, RunId, TextId
from common_core.models import EssayFailure, EssayText
from services.batch_orchestrator_service.domain import essay_ids

BATCH = BatchId(UUID(int=1))
PIPELINE = (PhaseName.SPELLCHECK, PhaseName.CJ_ASSESSMENT)


def create_batch(**changes: Any) -> CreateBatch:
    body = CreateBatch(
        batch_id=BATCH,
        owner_id="owner",
        name="Class 8b",
        language=Language.ENGLISH,
        essay_count=3,
        judge="offline",
        pipeline=PIPELINE,
    )
    return CreateBatch.model_validate(body.model_dump() | changes)


def essay(number: int, text: str = "as written", batch_id: BatchId = BATCH) -> EssayText:
    return EssayText(
        essay_id=essay_ids(batch_id, number + 1)[number],
        file_name=f"essay_{number}.txt",
        text_id=TextId(f"text {number} {text}"),
    )


def corrected(number: int) -> EssayText:
    return essay(number, "corrected")


def failure(number: int, code: str = "broken") -> EssayFailure:
    return EssayFailure(
        essay_id=essay(number).essay_id,
        file_name=f"essay_{number}.txt",
        code=code,
        reason="The text is broken.",
    )


def ready(*numbers: int, failed: tuple[EssayFailure, ...] = ()) -> BatchEssaysReadyV1:
    return BatchEssaysReadyV1(
        batch_id=BATCH, essays=tuple(essay(number) for number in numbers), failed=failed
    )


def outcome(
    run_id: RunId,
    phase: PhaseName,
    *succeeded: EssayText,
    failed: tuple[EssayFailure, ...] = (),
) -> ElsBatchPhaseOutcomeV1:
    return ElsBatchPhaseOutcomeV1(
        batch_id=BATCH, run_id=run_id, phase=phase, succeeded=succeeded, failed=failed
    )


def nothing_done(request: ResolvePipeline) -> ResolvedPipeline:
    """The answer of a conductor that has nothing on file."""
    return ResolvedPipeline(
        phases=tuple(
            ResolvedPhase(phase=phase, to_do=request.essays, reused=())
            for phase in request.pipeline
        )
    )
