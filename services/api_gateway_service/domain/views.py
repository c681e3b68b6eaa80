"""From what the services say to what the gateway answers."""

from collections.abc import Iterable, Mapping
from typing import cast

from common_core.http_models import (
    BatchProgress,
    BatchRecord,
    BatchResults,
    EssayResult,
    EssaysAdded,
    LoggedVerdict,
    PhaseProgress,
    ReadFiles,
    UploadOutcome,
)
from common_core.identifiers import TextId
from common_core.models import Correction
from common_core.phases import with_dependencies
from huleedu_report import Correction as DrawnMark
from huleedu_report import FrequentError as CountedError
from huleedu_report import Results, frequent_errors, judge_note
from services.api_gateway_service.domain.bodies import (
    EssayReport,
    FrequentError,
    Joined,
    Mark,
    Report,
    Status,
)


def status_of(progress: BatchProgress) -> Status:
    return Status.model_validate(progress.model_dump())


def status_before_any_event(record: BatchRecord) -> Status:
    """What can be said of a batch that the read model has not heard of yet."""
    phases = with_dependencies(record.pipeline)
    return Status(
        batch_id=record.batch_id,
        run_id=None,
        name=record.name,
        language=record.language,
        status=record.status,
        message=record.message,
        phases=tuple(
            PhaseProgress(
                name=phase.name,
                title=phase.title,
                status="waiting",
                done=0,
                total=record.essay_count,
            )
            for phase in phases
        ),
        essays_expected=record.essay_count,
        essays_received=0,
        notices=(),
        results_ready=False,
        created_at=record.created_at,
    )


def joined(read: ReadFiles, said: EssaysAdded | None) -> Joined:
    """Of the files read, which are new to the batch, whatever was uploaded to it before."""
    new = {(essay.file_name, essay.text_id) for essay in said.added} if said else set()
    files = []
    for file in read.files:
        essay = (file.file, file.text_id)
        if file.text_id is None:
            outcome = UploadOutcome(
                file=file.file, status="rejected", code=file.code, reason=file.reason
            )
        elif essay in new:
            new.remove((file.file, file.text_id))
            outcome = UploadOutcome(file=file.file, status="accepted")
        else:
            outcome = UploadOutcome(
                file=file.file,
                status="duplicate",
                code="duplicate",
                reason="The batch has this essay already.",
            )
        files.append(outcome)
    return Joined(
        files=tuple(files),
        run_id=said.run_id if said else None,
        message=said.message if said else "None of these files could be read.",
    )


def text_ids(results: BatchResults) -> set[TextId]:
    """The texts that the report needs."""
    ids = (
        text_id for essay in results.essays for text_id in (essay.text_id, essay.corrected_text_id)
    )
    return {text_id for text_id in ids if text_id is not None}


def report(
    results: BatchResults,
    texts: Mapping[TextId, str],
    verdicts: tuple[LoggedVerdict, ...] = (),
) -> Report:
    return Report(
        batch_id=results.batch_id,
        run_id=results.run_id,
        name=results.name,
        language=results.language,
        status=results.status,
        message=results.message,
        judge=results.judge,
        judge_note=judge_note(results.judge),
        reliability=results.reliability,
        comparisons=results.comparisons,
        stop_reason=results.stop_reason,
        grade_note=results.grade_note,
        concordance=results.concordance,
        taken_over=results.taken_over,
        judges=results.judges,
        look_first=results.look_first,
        essays=tuple(_essay(essay, texts) for essay in results.essays),
        notices=results.notices,
        frequent_errors=tuple(FrequentError.model_validate(each) for each in class_errors(results)),
        verdicts=verdicts,
    )


def class_errors(results: BatchResults) -> list[CountedError]:
    """What the class misspelt, most frequent first."""
    marks = (_marks(essay.corrections, applied=True) for essay in results.essays)
    return frequent_errors(
        [cast("DrawnMark", mark.model_dump(mode="json")) for mark in essay] for essay in marks
    )


def printable(report: Report) -> Results:
    """The report as the library that draws it wants it."""
    return cast("Results", report.model_dump(mode="json"))


def _essay(essay: EssayResult, texts: Mapping[TextId, str]) -> EssayReport:
    return EssayReport(
        file=essay.file,
        essay_id=essay.essay_id,
        status=essay.status,
        error=essay.error,
        rank=essay.rank,
        score=essay.score,
        standard_error=essay.standard_error,
        plausible_ranks=essay.plausible_ranks,
        grade=essay.grade,
        grade_probabilities=essay.grade_probabilities,
        anchor=essay.anchor,
        near_boundary=essay.near_boundary,
        anchor_above=essay.anchor_above,
        anchor_below=essay.anchor_below,
        word_count=essay.word_count,
        corrections=_marks(essay.corrections, applied=True),
        marked=_marks(essay.corrections, applied=False),
        text=_text(essay.text_id, texts),
        corrected_text=_text(essay.corrected_text_id, texts),
    )


def _text(text_id: TextId | None, texts: Mapping[TextId, str]) -> str:
    """Empty for an essay that never was one."""
    return "" if text_id is None else texts[text_id]


def _marks(corrections: Iterable[Correction], *, applied: bool) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            start=correction.start,
            end=correction.end,
            original=correction.original,
            suggestions=correction.suggestions,
            confidence=correction.confidence,
            kind=correction.kind,
        )
        for correction in corrections
        if correction.applied is applied
    )
