"""A batch as the read model has it, with essays that mean harm."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from common_core.domain_enums import BatchStatus, CorrectionKind, Language
from common_core.http_models import (
    BatchProgress,
    BatchResults,
    EssayResult,
    FileNotice,
    LoggedVerdict,
)
from common_core.identifiers import BatchId, EssayId, RunId
from common_core.models import Correction, LookFirst
from services.api_gateway_service.tests.fakes import FakeServices

HOSTILE = '<script>alert("1")</script>.txt'
TEXT = "I beleive <script>alert(1)</script> teh sea."


def correction(original: str, suggestion: str, *, applied: bool) -> Correction:
    start = TEXT.index(original)
    return Correction(
        start=start,
        end=start + len(original),
        original=original,
        suggestions=(suggestion, "<i>x</i>"),
        kind=CorrectionKind.SPELLING,
        confidence=0.9,
        applied=applied,
    )


def progress(
    batch_id: UUID, status: BatchStatus, message: str, *, run_id: UUID | None = None
) -> BatchProgress:
    return BatchProgress(
        batch_id=BatchId(batch_id),
        owner_id="anna",
        run_id=RunId(run_id or uuid5(batch_id, "run")),
        name=HOSTILE,
        language=Language.ENGLISH,
        status=status,
        message=message,
        essays_expected=2,
        essays_received=1,
        phases=(),
        notices=(FileNotice(file=HOSTILE, reason="It is a scan."),),
        results_ready=status.ended,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def essay_id(batch_id: UUID) -> EssayId:
    return EssayId(uuid5(batch_id, "essay"))


def results(batch_id: UUID, fakes: FakeServices) -> BatchResults:
    """One essay assessed, one refused; the texts lie in the content store."""
    assessed = EssayResult(
        file=HOSTILE,
        essay_id=essay_id(batch_id),
        status="assessed",
        error=None,
        rank=1,
        score=0.0,
        standard_error=0.5,
        plausible_ranks=(1, 1),
        grade=None,
        grade_probabilities=None,
        anchor=False,
        word_count=6,
        text_id=fakes.put(TEXT),
        corrected_text_id=fakes.put(TEXT.replace("beleive", "believe")),
        corrections=(
            correction("beleive", "believe", applied=True),
            correction("teh", "the", applied=False),
        ),
    )
    refused = assessed.model_copy(
        update={
            "essay_id": EssayId(uuid5(batch_id, "refused")),
            "file": "d.pdf",
            "status": "failed",
            "error": "It is a scan.",
            "rank": None,
            "score": None,
            "standard_error": None,
            "plausible_ranks": None,
            "text_id": None,
            "corrected_text_id": None,
            "corrections": (),
        }
    )
    return BatchResults(
        batch_id=BatchId(batch_id),
        run_id=uuid5(batch_id, "run"),
        name=HOSTILE,
        language=Language.ENGLISH,
        status=BatchStatus.COMPLETED_WITH_FAILURES,
        message="1 of 2 essays went through.",
        judge="offline",
        reliability=0.5,
        comparisons=3,
        stop_reason="stable",
        grade_note=None,
        essays=(assessed, refused),
        notices=(),
    )


def compared_results(batch_id: UUID, fakes: FakeServices) -> BatchResults:
    """The essay and an anchor that is better, by one verdict with its reason."""
    found = results(batch_id, fakes)
    assessed, refused = found.essays
    anchor = assessed.model_copy(
        update={
            "essay_id": EssayId(uuid5(batch_id, "anchor")),
            "file": "anchor.txt",
            "grade": "A",
            "anchor": True,
        }
    )
    assessed = assessed.model_copy(
        update={
            "rank": 2,
            "grade": "B",
            "grade_probabilities": {"A": 0.4, "B": 0.6},
            "near_boundary": True,
            "anchor_above": anchor.essay_id,
        }
    )
    run_id = RunId(uuid5(batch_id, "comparing"))
    fakes.logs[run_id] = (
        LoggedVerdict(
            judge="gpt",
            first=assessed.essay_id,
            second=anchor.essay_id,
            winner="second",
            degree=2,
            reason="It <argues> better.",
        ),
    )
    return found.model_copy(
        update={
            "essays": (anchor, assessed, refused),
            "assessment_run_id": run_id,
            "concordance": 0.87,
            "look_first": (
                LookFirst(essay_id=assessed.essay_id, reason="Its grade is uncertain."),
            ),
        }
    )
