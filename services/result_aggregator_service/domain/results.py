"""The results of a run, once everything they are made of has been heard."""

from collections.abc import Iterator, Mapping

from common_core.domain_enums import PhaseName
from common_core.events.batch_events import BatchPipelineCompletedV1
from common_core.events.cj_events import AssessmentResultV1
from common_core.events.result_events import BatchResultsReadyV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from common_core.http_models import BatchResults, EssayResult, FileNotice
from common_core.identifiers import EssayId, TextId
from common_core.models import EssayFailure, EssayScore, EssayText
from services.result_aggregator_service.domain.heard import Batch, Run

NO_FILE = "(no file)"
NO_SCORE = "The comparison has left this essay out."


def is_ready(batch: Batch, run: Run) -> bool:
    """Whether the run has ended and all the data that its end refers to is here."""
    completed = run.completed
    if completed is None:
        return False
    phases = _phases(completed)
    return all(
        _spellcheck(batch, completed, essay) is not None
        for essay in completed.essays
        if PhaseName.SPELLCHECK in phases
    ) and (
        not completed.essays
        or PhaseName.CJ_ASSESSMENT not in phases
        or _assessment(batch, completed) is not None
    )


def ready_runs(batch: Batch) -> Iterator[BatchResultsReadyV1]:
    """What there is to announce, once per run."""
    for run in batch.runs:
        if run.completed is not None and is_ready(batch, run):
            essays = _essays(batch, run.completed)
            assessed = sum(essay.status == "assessed" for essay in essays)
            yield BatchResultsReadyV1(
                batch_id=batch.registered.batch_id,
                owner_id=batch.registered.owner_id,
                run_id=run.run_id,
                status=run.completed.status,
                assessed=assessed,
                failed=len(essays) - assessed,
            )


def results(batch: Batch, run: Run) -> BatchResults | None:
    """None as long as they are not ready."""
    completed = run.completed
    if completed is None or not is_ready(batch, run):
        return None
    essays = _essays(batch, completed)
    named = {essay.file for essay in essays}
    assessment = _assessment(batch, completed)
    return BatchResults(
        batch_id=completed.batch_id,
        run_id=run.run_id,
        name=batch.registered.name,
        language=batch.registered.language,
        status=completed.status,
        message=completed.message,
        judge=assessment.judge if assessment else "",
        reliability=assessment.reliability if assessment else 0.0,
        comparisons=assessment.comparisons if assessment else 0,
        stop_reason=assessment.stop_reason if assessment else "",
        grade_note=assessment.grade_note if assessment else None,
        assessment_run_id=assessment.run_id if assessment else None,
        concordance=assessment.concordance if assessment else None,
        taken_over=assessment.taken_over if assessment else 0,
        judges=assessment.judges if assessment else (),
        look_first=assessment.look_first if assessment else (),
        essays=essays,
        notices=tuple(notice for notice in notices(batch) if notice.file not in named),
    )


def notices(batch: Batch) -> tuple[FileNotice, ...]:
    """The files that will not be assessed, unless a good file of the same name has come.

    One that was surplus when it came may have joined since.
    """
    excess = {(report.file_name, report.file_hash) for report in batch.excess}
    taken = {
        file.file_name
        for file in batch.provisioned
        if (file.file_name, file.file_hash) not in excess
    }
    refused = {
        file.file_name: file.reason for file in batch.rejected if file.file_name not in taken
    }
    joined = {essay.file_name for essay in batch.joined}
    surplus = {report.file_name: report.reason for report in batch.excess} | refused
    surplus = {file: reason for file, reason in surplus.items() if file not in joined}
    return tuple(FileNotice(file=name, reason=surplus[name]) for name in sorted(surplus))


def _phases(completed: BatchPipelineCompletedV1) -> set[PhaseName]:
    return {result.phase for result in completed.phases}


def _assessment(batch: Batch, completed: BatchPipelineCompletedV1) -> AssessmentResultV1 | None:
    """The ranking of the run whose result holds: an earlier run's, if it was taken over."""
    for result in completed.phases:
        if result.phase == PhaseName.CJ_ASSESSMENT:
            run = batch.run_with_id(result.result_run_id)
            return run.assessment if run else None
    return None


def _spellcheck(
    batch: Batch, completed: BatchPipelineCompletedV1, essay: EssayText
) -> SpellcheckResultV1 | None:
    """The corrections that lead to this text, of this run rather than of an earlier one."""
    return _preferred(batch, completed, essay.essay_id, essay.text_id)


def _preferred(
    batch: Batch,
    completed: BatchPipelineCompletedV1,
    essay_id: EssayId,
    corrected_text_id: TextId | None = None,
) -> SpellcheckResultV1 | None:
    found = [
        result
        for result in batch.spellchecks.get(essay_id, ())
        if corrected_text_id is None or result.corrected_text_id == corrected_text_id
    ]
    runs = [r.result_run_id for r in completed.phases if r.phase == PhaseName.SPELLCHECK]
    return next((result for result in found if result.run_id in runs), found[-1] if found else None)


def _essays(batch: Batch, completed: BatchPipelineCompletedV1) -> tuple[EssayResult, ...]:
    """By rank, then those that failed by file name."""
    assessment = _assessment(batch, completed)
    scores = {score.essay_id: score for score in assessment.essays} if assessment else None
    essays = [
        *(_went_through(batch, completed, essay, scores) for essay in completed.essays),
        *(_failed(batch, completed, failure) for failure in completed.failed),
    ]
    return tuple(
        sorted(
            essays,
            key=lambda essay: (
                essay.status == "failed",
                essay.rank or 0,
                essay.file,
                essay.essay_id,
            ),
        )
    )


def _went_through(
    batch: Batch,
    completed: BatchPipelineCompletedV1,
    essay: EssayText,
    scores: Mapping[EssayId, EssayScore] | None,
) -> EssayResult:
    score = (scores or {}).get(essay.essay_id)
    left_out = scores is not None and score is None
    spellcheck = _spellcheck(batch, completed, essay)
    return EssayResult(
        file=essay.file_name,
        essay_id=essay.essay_id,
        status="failed" if left_out else "assessed",
        error=NO_SCORE if left_out else None,
        rank=score.rank if score else None,
        score=score.score if score else None,
        standard_error=score.standard_error if score else None,
        plausible_ranks=score.plausible_ranks if score else None,
        grade=score.grade if score else None,
        grade_probabilities=score.grade_probabilities if score else None,
        anchor=score.anchor if score else False,
        near_boundary=score.near_boundary if score else False,
        anchor_above=score.anchor_above if score else None,
        anchor_below=score.anchor_below if score else None,
        word_count=_word_count(batch, essay.text_id, spellcheck),
        text_id=spellcheck.text_id if spellcheck else essay.text_id,
        corrected_text_id=essay.text_id,
        corrections=spellcheck.corrections if spellcheck else (),
    )


def _failed(
    batch: Batch, completed: BatchPipelineCompletedV1, failure: EssayFailure
) -> EssayResult:
    """Without a rank, but with its text and its corrections where it came so far."""
    spellcheck = _preferred(batch, completed, failure.essay_id)
    text_id = next((e.text_id for e in batch.essays if e.essay_id == failure.essay_id), None)
    return EssayResult(
        file=failure.file_name or NO_FILE,
        essay_id=failure.essay_id,
        status="failed",
        error=failure.reason,
        rank=None,
        score=None,
        standard_error=None,
        plausible_ranks=None,
        grade=None,
        grade_probabilities=None,
        anchor=False,
        word_count=_word_count(batch, text_id, spellcheck),
        text_id=spellcheck.text_id if spellcheck else text_id,
        corrected_text_id=spellcheck.corrected_text_id if spellcheck else text_id,
        corrections=spellcheck.corrections if spellcheck else (),
    )


def _word_count(batch: Batch, text_id: TextId | None, spellcheck: SpellcheckResultV1 | None) -> int:
    if spellcheck is not None:
        return spellcheck.word_count
    return next((file.word_count for file in batch.provisioned if file.text_id == text_id), 0)
