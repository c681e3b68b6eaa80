"""Batches and runs: decisions only."""

import unicodedata
from uuid import UUID

import pytest

from common_core.domain_enums import BatchStatus, PhaseName
from common_core.events.batch_events import PhasePlan, PhaseResult
from common_core.events.cj_events import BatchCjAssessmentInitiateCommandV1
from common_core.events.spellcheck_events import BatchSpellcheckInitiateCommandV1
from common_core.http_models import ResolvedPhase, ResolvedPipeline, StartPipeline
from common_core.identifiers import RunId
from common_core.models import Anchor, AnchorFile, EssayFailure, EssayText
from services.batch_orchestrator_service.domain import (
    InvalidBatchError,
    Run,
    abandon,
    absorb,
    awaits,
    command,
    current_profile,
    essay_ids,
    in_running_order,
    new_run,
    plan,
    proceed,
    question,
    repeats,
    validate,
    verdict,
)
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    essay,
    failure,
    nothing_done,
    outcome,
)

SPELLCHECK, COMPARISON = PIPELINE
RUN = RunId(UUID(int=11))
EARLIER = RunId(UUID(int=10))


def anchors(*pairs: tuple[str, str]) -> tuple[AnchorFile, ...]:
    return tuple(AnchorFile(file=file, grade=grade) for file, grade in pairs)


def run_of(*essays: EssayText, failed: tuple[EssayFailure, ...] = ()) -> Run:
    return new_run(create_batch(), RUN, essays, failed)


def resolved(*phases: ResolvedPhase) -> ResolvedPipeline:
    return ResolvedPipeline(phases=phases)


def test_each_slot_has_an_essay_id_that_is_always_the_same() -> None:
    assert essay_ids(BATCH, 3) == essay_ids(BATCH, 4)[:3]
    assert len(set(essay_ids(BATCH, 1000))) == 1000


def test_a_pipeline_is_completed_by_what_it_depends_on() -> None:
    assert in_running_order([PhaseName.CJ_ASSESSMENT]) == PIPELINE
    assert in_running_order([PhaseName.SPELLCHECK] * 2) == (SPELLCHECK,)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"anchors": anchors(("a.txt", "A"), ("a.txt", "B"))}, "“a.txt” more than once"),
        ({"anchors": anchors(("a.txt", "VG"))}, "“VG” are not in the grade scale A, B, C, D, E, F"),
        ({"anchors": anchors(("a.txt", "A")), "grade_scale": ("VG", "G")}, "“A” are not in"),
        ({"grade_scale": ("G", "G")}, "at least two grades, each named once"),
        ({"grade_scale": ("G",)}, "at least two grades"),
        (
            {"anchors": anchors(("a.txt", "A"), ("b.txt", "B")), "essay_count": 1},
            "more anchors than essays",
        ),
    ],
)
def test_a_batch_that_cannot_be_is_refused_with_a_sentence(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidBatchError, match=sentence):
        validate(create_batch(**changes))


def test_anchors_are_found_by_file_name_however_it_is_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "uppsats_ö.docx")
    batch = create_batch(anchors=anchors(("uppsats_ö.docx", "B")))
    validate(batch)
    there = essay(0).model_copy(update={"file_name": decomposed})
    run = new_run(batch, RUN, [there, essay(1)], [])
    assert run.profile.anchors == (Anchor(essay_id=there.essay_id, grade="B"),)
    assert run.profile.grade_scale == ("A", "B", "C", "D", "E", "F")


def test_a_batch_without_anchors_has_no_grades() -> None:
    assert new_run(create_batch(grade_scale=("VG", "G")), RUN, [essay(0)], []).profile == (
        run_of(essay(0)).profile
    )


def test_anchors_without_an_essay_of_their_own_are_mentioned_at_the_end() -> None:
    batch = create_batch(anchors=anchors(("gone.txt", "B"), ("essay_0.txt", "A")))
    twin = essay(1).model_copy(update={"file_name": "essay_0.txt"})
    run = new_run(batch, RUN, [essay(0), twin], [])
    assert run.profile.anchors == ()
    after = run.model_copy(update={"done": tuple(_result(name) for name in PIPELINE)})
    assert verdict(after)[1] == (
        "All 2 essays went through spelling and comparison. "
        "No readable essay was handed in for the anchor “gone.txt”. "
        "Several essays are named like the anchor “essay_0.txt”: not used."
    )


def _result(phase: PhaseName, run_id: RunId = RUN) -> PhaseResult:
    return PhaseResult(phase=phase, result_run_id=run_id)


def test_an_anchor_that_failed_is_none_any_more() -> None:
    batch = create_batch(anchors=anchors(("essay_0.txt", "A"), ("essay_1.txt", "B")))
    run = new_run(batch, RUN, [essay(0), essay(1), essay(2)], [])
    run = proceed(run, nothing_done(question(run)))
    run = absorb(run, outcome(RUN, SPELLCHECK, corrected(1), corrected(2), failed=(failure(0),)))
    assert current_profile(run).anchors == (Anchor(essay_id=essay(1).essay_id, grade="B"),)
    assert question(run).profile == current_profile(run)


def test_a_pipeline_runs_phase_by_phase_to_its_end() -> None:
    run = run_of(essay(0), essay(1))
    answer = nothing_done(question(run))
    assert plan(answer) == tuple(PhasePlan(phase=name, to_do=2, reused=0) for name in PIPELINE)
    run = proceed(run, answer)
    first = command(run, 60)
    assert isinstance(first, BatchSpellcheckInitiateCommandV1)
    assert first.essays == (essay(0), essay(1))

    run = absorb(run, outcome(RUN, SPELLCHECK, corrected(0), corrected(1)))
    asked = question(run)
    assert (asked.pipeline, asked.done, asked.essays) == (
        (COMPARISON,),
        (SPELLCHECK,),
        (corrected(0), corrected(1)),
    )
    run = proceed(run, nothing_done(asked))
    second = command(run, 60)
    assert isinstance(second, BatchCjAssessmentInitiateCommandV1)
    assert second.essays == (corrected(0), corrected(1))

    run = absorb(run, outcome(RUN, COMPARISON, corrected(0), corrected(1)))
    assert run.over
    assert run.done == (_result(SPELLCHECK), _result(COMPARISON))
    assert verdict(run) == (
        BatchStatus.COMPLETED,
        "All 2 essays went through spelling and comparison.",
    )


def test_a_phase_that_is_wholly_done_is_passed_over_and_leaves_its_texts_to_the_next() -> None:
    run = proceed(
        run_of(essay(0), essay(1)),
        resolved(
            ResolvedPhase(
                phase=SPELLCHECK,
                to_do=(),
                reused=(corrected(0), corrected(1)),
                result_run_id=EARLIER,
            ),
            ResolvedPhase(phase=COMPARISON, to_do=(corrected(0), corrected(1)), reused=()),
        ),
    )
    assert run.done == (_result(SPELLCHECK, EARLIER),)
    assert command(run, 60).essays == (corrected(0), corrected(1))


def test_a_partly_done_phase_is_commanded_for_the_rest_and_joined_in_order() -> None:
    run = proceed(
        run_of(essay(0), essay(1), essay(2)),
        resolved(
            ResolvedPhase(phase=SPELLCHECK, to_do=(essay(1),), reused=(corrected(0), corrected(2)))
        ),
    )
    assert command(run, 60).essays == (essay(1),)
    run = absorb(run, outcome(RUN, SPELLCHECK, corrected(1)))
    assert run.essays == (corrected(0), corrected(1), corrected(2))
    assert run.done == (_result(SPELLCHECK),)


def test_the_class_and_its_words_are_part_of_every_phase_s_profile() -> None:
    anna = essay(0).model_copy(update={"file_name": "anna.txt"})
    bo = failure(1).model_copy(update={"file_name": "bo.pdf"})
    batch = create_batch(glossary=("fika",))
    profile = current_profile(new_run(batch, RUN, (anna,), (bo,)))
    assert (profile.glossary, profile.names) == (("fika",), ("anna", "bo"))


def test_a_run_with_everything_done_is_over_at_once() -> None:
    texts = (corrected(0), corrected(1))
    run = proceed(
        run_of(essay(0), essay(1)),
        resolved(
            *(
                ResolvedPhase(phase=name, to_do=(), reused=texts, result_run_id=EARLIER)
                for name in PIPELINE
            )
        ),
    )
    assert run.over
    assert run.phase is None
    assert verdict(run)[0] is BatchStatus.COMPLETED


def test_an_essay_that_fails_leaves_the_others_to_go_on() -> None:
    run = run_of(essay(0), essay(1), failed=(failure(2, "no_text"),))
    run = proceed(run, nothing_done(question(run)))
    run = absorb(run, outcome(RUN, SPELLCHECK, corrected(0), failed=(failure(1),)))
    run = proceed(run, nothing_done(question(run)))
    run = absorb(run, outcome(RUN, COMPARISON, corrected(0)))
    assert run.failed == (failure(2, "no_text"), failure(1))
    assert verdict(run) == (
        BatchStatus.COMPLETED_WITH_FAILURES,
        "1 of 3 essays went through spelling and comparison.",
    )


def test_a_run_that_loses_its_last_essay_has_failed() -> None:
    run = run_of(essay(0))
    run = proceed(run, nothing_done(question(run)))
    run = absorb(run, outcome(RUN, SPELLCHECK, failed=(failure(0),)))
    assert run.over
    assert verdict(run) == (
        BatchStatus.FAILED,
        "There is no result: no essay got through spelling.",
    )


def test_a_batch_without_a_readable_essay_has_failed() -> None:
    run = run_of(failed=(failure(0),))
    assert run.over
    assert verdict(run) == (
        BatchStatus.FAILED,
        "There is no result: the batch has no essay that could be read.",
    )


def test_an_essay_that_an_outcome_forgets_has_failed() -> None:
    run = run_of(essay(0), essay(1))
    run = proceed(run, nothing_done(question(run)))
    run = absorb(run, outcome(RUN, SPELLCHECK, corrected(0)))
    assert [(lost.essay_id, lost.code) for lost in run.failed] == [
        (essay(1).essay_id, "no_outcome")
    ]


def test_only_the_outcome_of_the_phase_under_way_is_awaited() -> None:
    run = run_of(essay(0))
    assert not awaits(run, outcome(RUN, SPELLCHECK, corrected(0)))
    run = proceed(run, nothing_done(question(run)))
    assert awaits(run, outcome(RUN, SPELLCHECK, corrected(0)))
    assert not awaits(run, outcome(RUN, COMPARISON, corrected(0)))
    assert not awaits(run, outcome(EARLIER, SPELLCHECK, corrected(0)))


def test_a_run_that_is_given_up_fails_the_essays_still_in_it() -> None:
    run = run_of(essay(0), failed=(failure(1),))
    run, message = abandon(proceed(run, nothing_done(question(run))))
    assert run.essays == ()
    assert [lost.essay_id for lost in run.failed] == [essay(1).essay_id, essay(0).essay_id]
    assert message.startswith("Spelling was not reported finished in time.")


def test_a_request_repeats_a_run_if_pipeline_and_judge_are_the_same() -> None:
    run, batch = run_of(essay(0)), create_batch()
    ask = StartPipeline(run_id=EARLIER, pipeline=(COMPARISON,))
    assert repeats(run, batch, ask)
    assert repeats(run, batch, ask.model_copy(update={"judge": "offline"}))
    assert not repeats(run, batch, ask.model_copy(update={"judge": "stricter"}))
    assert not repeats(run, batch, ask.model_copy(update={"pipeline": (SPELLCHECK,)}))
