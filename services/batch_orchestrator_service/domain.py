"""Batches and the runs of their pipelines: which phase is next, for which essays, and the end.

A run is a value. `proceed` takes it to the next phase there is work for, `absorb` takes in what
became of that phase, `verdict` says how it ended. No I/O.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from common_core.domain_enums import BatchStatus, PhaseName, RunControl
from common_core.events.batch_events import PhasePlan, PhaseResult
from common_core.events.phase_events import ElsBatchPhaseOutcomeV1, PhaseCommand
from common_core.http_models import (
    MAX_ESSAYS,
    Control,
    CreateBatch,
    LateEssay,
    ResolvedPipeline,
    ResolvePipeline,
    StartPipeline,
)
from common_core.identifiers import BatchId, EssayId, RunId
from common_core.judges import asks_people, judges_named
from common_core.models import Anchor, BatchProfile, EssayFailure, EssayText
from common_core.phases import Scope, phase_named, with_dependencies
from services.batch_orchestrator_service.class_list import names_in

DEFAULT_GRADE_SCALE = ("A", "B", "C", "D", "E", "F")
"""The Swedish one, from best to worst."""


class InvalidBatchError(ValueError):
    """A batch that cannot be; the message is for the person who described it."""


class RefusedError(ValueError):
    """What cannot be done to a batch as it is now; `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Run(BaseModel):
    """One execution of a pipeline."""

    model_config = ConfigDict(frozen=True)

    batch_id: BatchId
    run_id: RunId
    pipeline: tuple[PhaseName, ...]
    profile: BatchProfile
    essays: tuple[EssayText, ...]
    """Those still in it, with the text that the next phase gets."""
    failed: tuple[EssayFailure, ...]
    notes: tuple[str, ...] = ()
    """What the teacher should know at the end, in sentences."""
    earlier_names: tuple[tuple[str, ...], ...] = ()
    """The names of the class as they were before essays joined it."""
    done: tuple[PhaseResult, ...] = ()
    phase: PhaseName | None = None
    """The phase under way; None before the first and after the last."""
    reused: tuple[EssayText, ...] = ()
    """Essays that the phase under way need not do, with what came out for them earlier."""

    @property
    def to_do(self) -> tuple[EssayText, ...]:
        spared = {essay.essay_id for essay in self.reused}
        return tuple(essay for essay in self.essays if essay.essay_id not in spared)

    @property
    def remaining(self) -> tuple[PhaseName, ...]:
        done = {result.phase for result in self.done}
        return tuple(name for name in self.pipeline if name not in done)

    @property
    def over(self) -> bool:
        return not self.remaining or not self.essays


# Describing a batch


def in_running_order(pipeline: Iterable[PhaseName]) -> tuple[PhaseName, ...]:
    """The phases asked for and those they depend on."""
    return tuple(phase.name for phase in with_dependencies(pipeline))


def essay_ids(batch_id: BatchId, count: int) -> tuple[EssayId, ...]:
    return tuple(EssayId(uuid5(batch_id, f"slot {number}")) for number in range(1, count + 1))


def first_run_id(batch_id: BatchId) -> RunId:
    return RunId(uuid5(batch_id, "first run"))


def grade_scale(batch: CreateBatch) -> tuple[str, ...]:
    """Empty without anchors: grades are projected from them alone."""
    if not batch.anchors:
        return ()
    return batch.grade_scale or DEFAULT_GRADE_SCALE


def validate_judge(judge: str) -> None:
    """Raises InvalidBatchError."""
    try:
        judges_named(judge)
    except ValueError as error:
        raise InvalidBatchError(str(error)) from error


def validate(batch: CreateBatch) -> None:
    """Raises InvalidBatchError."""
    validate_judge(batch.judge)
    scale = batch.grade_scale or DEFAULT_GRADE_SCALE
    if len(set(scale)) < max(len(scale), 2) or "" in scale:
        raise InvalidBatchError("The grade scale needs at least two grades, each named once.")
    files = Counter(_same_name(anchor.file) for anchor in batch.anchors)
    twice = sorted(name for name, count in files.items() if count > 1)
    if twice:
        raise InvalidBatchError(f"The anchors name {_listed(twice)} more than once.")
    if len(batch.anchors) > batch.essay_count:
        raise InvalidBatchError("There are more anchors than essays.")
    unknown = sorted({anchor.grade for anchor in batch.anchors} - set(scale))
    if unknown:
        raise InvalidBatchError(
            f"The anchors' grades {_listed(unknown)} are not in the grade scale {', '.join(scale)}."
        )


def _same_name(file_name: str) -> str:
    """One spelling of a name: systems differ in how they compose å, ä and ö."""
    return unicodedata.normalize("NFC", file_name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


# Running a pipeline


def new_run(
    batch: CreateBatch,
    run_id: RunId,
    essays: Sequence[EssayText],
    failed: Sequence[EssayFailure],
    *,
    pipeline: Iterable[PhaseName] | None = None,
    judge: str | None = None,
    extra_comparisons: int = 0,
    earlier_names: Sequence[tuple[str, ...]] = (),
) -> Run:
    """A run from the original texts."""
    anchors, notes = _anchors(batch, essays)
    return Run(
        batch_id=batch.batch_id,
        run_id=run_id,
        pipeline=in_running_order(pipeline or batch.pipeline),
        profile=BatchProfile(
            language=batch.language,
            assignment_text_id=batch.assignment_text_id,
            rubric_text_id=batch.rubric_text_id,
            glossary=batch.glossary,
            names=class_names(essays, failed),
            judge=judge or batch.judge,
            grade_scale=grade_scale(batch),
            anchors=anchors,
            extra_comparisons=extra_comparisons,
        ),
        essays=tuple(essays),
        failed=tuple(failed),
        notes=notes,
        earlier_names=tuple(earlier_names),
    )


def class_names(essays: Iterable[EssayText], failed: Iterable[EssayFailure]) -> tuple[str, ...]:
    """Perhaps names of pupils, as the files tell."""
    refused = [failure.file_name for failure in failed if failure.file_name]
    return names_in([*(essay.file_name for essay in essays), *refused])


def repeats(run: Run, batch: CreateBatch, request: StartPipeline) -> bool:
    """Whether the run does what the request asks for."""
    judge = request.judge or batch.judge
    return (run.pipeline, run.profile.judge) == (in_running_order(request.pipeline), judge)


def _anchors(
    batch: CreateBatch, essays: Sequence[EssayText]
) -> tuple[tuple[Anchor, ...], tuple[str, ...]]:
    """The anchors whose essay is there, and a sentence about the others."""
    by_name: dict[str, list[EssayId]] = {}
    for essay in essays:
        by_name.setdefault(_same_name(essay.file_name), []).append(essay.essay_id)
    found: list[Anchor] = []
    absent: list[str] = []
    ambiguous: list[str] = []
    for anchor in batch.anchors:
        match by_name.get(_same_name(anchor.file), []):
            case [essay_id]:
                found.append(Anchor(essay_id=essay_id, grade=anchor.grade))
            case []:
                absent.append(anchor.file)
            case _:
                ambiguous.append(anchor.file)
    notes = []
    if absent:
        notes.append(f"No readable essay was handed in for the anchor {_listed(absent)}.")
    if ambiguous:
        notes.append(f"Several essays are named like the anchor {_listed(ambiguous)}: not used.")
    return tuple(found), tuple(notes)


def current_profile(run: Run) -> BatchProfile:
    """The profile for the essays still in the run: an anchor that has failed is none."""
    present = {essay.essay_id for essay in run.essays}
    anchors = tuple(anchor for anchor in run.profile.anchors if anchor.essay_id in present)
    return run.profile.model_copy(update={"anchors": anchors})


def question(run: Run) -> ResolvePipeline:
    """What the conductor is asked between phases; the run must not be over."""
    return ResolvePipeline(
        pipeline=run.remaining,
        done=tuple(result.phase for result in run.done),
        essays=run.essays,
        profile=current_profile(run),
        earlier_names=run.earlier_names,
    )


def plan(resolved: ResolvedPipeline) -> tuple[PhasePlan, ...]:
    return tuple(
        PhasePlan(phase=phase.phase, to_do=len(phase.to_do), reused=len(phase.reused))
        for phase in resolved.phases
    )


def proceed(run: Run, resolved: ResolvedPipeline) -> Run:
    """Pass over the phases that are wholly done already, to the first one with work left."""
    for phase in resolved.phases:
        if phase.to_do:
            return run.model_copy(update={"phase": phase.phase, "reused": phase.reused})
        result = PhaseResult(phase=phase.phase, result_run_id=phase.result_run_id or run.run_id)
        run = run.model_copy(update={"essays": phase.reused, "done": (*run.done, result)})
    return run


def command(run: Run, deadline_seconds: float) -> PhaseCommand:
    """Start the phase under way with the essays it has to do."""
    if run.phase is None:
        raise ValueError("no phase is under way")
    return phase_named(run.phase).command(
        batch_id=run.batch_id,
        run_id=run.run_id,
        essays=run.to_do,
        profile=current_profile(run),
        deadline_seconds=deadline_seconds,
    )


def awaits(run: Run, outcome: ElsBatchPhaseOutcomeV1) -> bool:
    """Whether it is the outcome of this run's phase under way, not of an older run or phase."""
    return run.run_id == outcome.run_id and run.phase == outcome.phase


def absorb(run: Run, outcome: ElsBatchPhaseOutcomeV1) -> Run:
    """Join what came out of the phase with what was reused, in the order of the essays."""
    texts = {essay.essay_id: essay for essay in (*run.reused, *outcome.succeeded)}
    failed = {failure.essay_id for failure in outcome.failed}
    forgotten = tuple(
        essay_failure(essay, "no_outcome", "Nothing was reported about this essay.")
        for essay in run.to_do
        if essay.essay_id not in texts and essay.essay_id not in failed
    )
    return run.model_copy(
        update={
            "essays": tuple(
                texts[essay.essay_id] for essay in run.essays if essay.essay_id in texts
            ),
            "failed": (*run.failed, *outcome.failed, *forgotten),
            "done": (*run.done, PhaseResult(phase=outcome.phase, result_run_id=run.run_id)),
            "phase": None,
            "reused": (),
        }
    )


def essay_failure(essay: EssayText, code: str, reason: str) -> EssayFailure:
    return EssayFailure(
        essay_id=essay.essay_id, file_name=essay.file_name, code=code, reason=reason
    )


def waits_for_people(run: Run) -> bool:
    """Whether people are among those who answer in the phase under way."""
    return (
        run.phase is not None
        and "judge" in phase_named(run.phase).profile_fields
        and asks_people(run.profile.judge)
    )


def with_budget(run: Run, extra_comparisons: int) -> Run:
    profile = run.profile.model_copy(update={"extra_comparisons": extra_comparisons})
    return run.model_copy(update={"profile": profile})


def compares(pipeline: Iterable[PhaseName]) -> bool:
    """Whether a budget of comparisons means something to a phase of the pipeline."""
    phases = with_dependencies(pipeline)
    return any("extra_comparisons" in phase.profile_fields for phase in phases)


# Essays that join a batch that was complete


def joining(
    batch_id: BatchId,
    late: Iterable[LateEssay],
    essays: Sequence[EssayText] | None,
    failed: Sequence[EssayFailure],
    status: BatchStatus,
) -> tuple[EssayText, ...]:
    """The late essays that the batch does not have yet, once each. Raises RefusedError."""
    if essays is None and status.ended:
        raise RefusedError(
            "batch_over", "This batch never had its essays. Hand them in as a new batch."
        )
    if essays is None:
        raise RefusedError(
            "batch_not_ready",
            "The batch still waits for the essays it was registered for. Upload those first; "
            "others can join when they are there.",
        )
    known = {(essay.file_name, essay.text_id) for essay in essays}
    new = [each for each in dict.fromkeys(late) if (each.file_name, each.text_id) not in known]
    if len(essays) + len(failed) + len(new) > MAX_ESSAYS:
        raise RefusedError("too_many_essays", f"A batch may have {MAX_ESSAYS} essays at most.")
    return tuple(
        EssayText(
            essay_id=EssayId(uuid5(batch_id, f"joined {each.file_name} {each.text_id}")),
            file_name=each.file_name,
            text_id=each.text_id,
        )
        for each in new
    )


def left_out(run: Run, essays: Iterable[EssayText]) -> bool:
    """Whether some of the batch's essays are in no stage of the run."""
    known = {essay.essay_id for essay in run.essays} | {lost.essay_id for lost in run.failed}
    return any(essay.essay_id not in known for essay in essays)


def joined_message(added: Sequence[EssayText], run_id: RunId | None) -> str:
    if not added:
        return "The batch has these essays already."
    if run_id is None:
        return "They join when the work that is under way is over; nothing of it is done again."
    return "They are corrected and compared with the others; what was compared before stays."


def further_run_id(batch_id: BatchId, essays: Sequence[EssayText]) -> RunId:
    """Of the run that takes up essays which had to wait."""
    return RunId(uuid5(batch_id, f"run with {len(essays)} essays"))


# What the owner wants of a run


_CONTROLS = {
    "pause": RunControl.PAUSE,
    "resume": RunControl.GO_ON,
    "finish": RunControl.FINISH,
    "cancel": RunControl.CANCEL,
}


def controlled(
    asked: Control, status: BatchStatus, now: RunControl, run: Run | None
) -> RunControl | None:
    """What holds from now on; None if it holds already. Raises RefusedError."""
    wanted = _CONTROLS[asked]
    if run is None:
        return _controlled_without_run(asked, status)
    if wanted is now:
        return None
    if now is RunControl.FINISH and wanted is not RunControl.CANCEL:
        raise RefusedError("batch_finishing", "The batch is being finished already.")
    if wanted is RunControl.FINISH and not _comparing(run):
        raise RefusedError(
            "not_comparing", "The essays are not being compared: there is nothing to finish early."
        )
    return wanted


def _controlled_without_run(asked: Control, status: BatchStatus) -> RunControl | None:
    wanted = _CONTROLS[asked]
    if not status.ended:
        if wanted is RunControl.CANCEL:
            return wanted
        raise RefusedError(
            "not_at_work", f"The work has not begun: there is nothing to {asked} yet."
        )
    if wanted is RunControl.CANCEL and status is BatchStatus.CANCELLED:
        return None
    raise RefusedError("batch_over", f"The batch is over: there is nothing to {asked}.")


def _comparing(run: Run) -> bool:
    return run.phase is not None and phase_named(run.phase).scope is Scope.BATCH


def cause_of_control(batch_id: BatchId, run: Run | None) -> UUID:
    """What the events of an owner's wish derive their ids from."""
    return uuid5(run.run_id if run else batch_id, "controlled")


PAUSED_MESSAGE = "Paused. Nothing new is begun until the batch is resumed."
CANCELLED_MESSAGE = "The batch was cancelled. What was done before is kept."


def cancelled(run: Run) -> Run:
    """Every essay still in the run fails, with what was done for it."""
    reason = "The batch was cancelled before the work on this essay was done."
    lost = tuple(essay_failure(essay, "cancelled", reason) for essay in run.essays)
    after = {"essays": (), "failed": (*run.failed, *lost), "phase": None, "reused": ()}
    return run.model_copy(update=after)


# Ending


def verdict(run: Run) -> tuple[BatchStatus, str]:
    """How a run that is over has ended, with a sentence for the teacher."""
    handed_in, went_through = len(run.essays) + len(run.failed), len(run.essays)
    titles = " and ".join(phase_named(name).title.lower() for name in run.pipeline)
    if not run.essays:
        return BatchStatus.FAILED, _sentences(_nothing_left(run), run.notes)
    if run.failed:
        message = f"{went_through} of {handed_in} essays went through {titles}."
        return BatchStatus.COMPLETED_WITH_FAILURES, _sentences(message, run.notes)
    essays = "The essay" if handed_in == 1 else f"All {handed_in} essays"
    return BatchStatus.COMPLETED, _sentences(f"{essays} went through {titles}.", run.notes)


def _nothing_left(run: Run) -> str:
    if run.done:
        title = phase_named(run.done[-1].phase).title.lower()
        return f"There is no result: no essay got through {title}."
    return "There is no result: the batch has no essay that could be read."


def _sentences(first: str, others: Iterable[str]) -> str:
    return " ".join((first, *others))


def abandon(run: Run) -> tuple[Run, str]:
    """Give up waiting for the phase under way: every essay still in the run fails."""
    title = phase_named(run.phase).title if run.phase else "The pipeline"
    reason = f"{title} was not reported finished in time."
    lost = tuple(essay_failure(essay, "no_outcome", reason) for essay in run.essays)
    message = (
        f"{reason} The run was ended; start the pipeline again: what is done is not done twice."
    )
    after = {"essays": (), "failed": (*run.failed, *lost), "phase": None, "reused": ()}
    return run.model_copy(update=after), message


NEVER_READY_MESSAGE = (
    "The batch was ended because its essays were not reported complete in time. "
    "Check what was uploaded, and hand the essays in as a new batch."
)


def cause_of_abandonment(batch_id: BatchId, run: Run | None) -> UUID:
    """What the events of a passed deadline derive their ids from."""
    awaited = f"{run.run_id} {run.phase}" if run else "ready"
    return uuid5(batch_id, f"gave up waiting for {awaited}")
