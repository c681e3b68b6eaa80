"""Where a batch is, for the person who waits for it."""

from datetime import datetime

from common_core.domain_enums import BatchStatus, PhaseName, RunControl
from common_core.events.batch_events import PhasePlan
from common_core.http_models import BatchProgress, PhaseProgress
from common_core.phases import Phase, Scope, phase_named, with_dependencies
from services.result_aggregator_service.domain.heard import Batch, Run
from services.result_aggregator_service.domain.results import is_ready, notices

PAUSED = "Paused. Nothing new is begun until the batch is resumed."


def progress(batch: Batch, now: datetime) -> BatchProgress:
    run = batch.run
    phases = _phases(batch, run)
    status = _status(batch, run)
    results_ready = run is not None and is_ready(batch, run)
    paused = run is not None and run.completed is None and run.control is RunControl.PAUSE
    waiting = _waiting_for_people(run, phases)
    return BatchProgress(
        batch_id=batch.registered.batch_id,
        owner_id=batch.registered.owner_id,
        run_id=run.run_id if run else None,
        name=batch.registered.name,
        language=batch.registered.language,
        status=status,
        message=PAUSED
        if paused
        else _message(batch, run, status, phases, waiting, results_ready=results_ready),
        essays_expected=batch.expected,
        essays_received=_received(batch),
        phases=phases,
        notices=notices(batch),
        results_ready=results_ready,
        paused=paused,
        waiting_for_people=0 if paused else waiting,
        created_at=batch.registered_at,
        updated_at=now,
    )


def _received(batch: Batch) -> int:
    """Readable essays that have a slot."""
    if batch.ready is not None:
        return len(batch.essays)
    excess = {(report.file_name, report.file_hash) for report in batch.excess}
    return len({(file.file_name, file.file_hash) for file in batch.provisioned} - excess)


def _status(batch: Batch, run: Run | None) -> BatchStatus:
    if run is not None and run.completed is not None:
        return BatchStatus.RUNNING if _late_to_come(batch, run) else run.completed.status
    if run is None and batch.ready is None:
        return BatchStatus.AWAITING_ESSAYS
    return BatchStatus.RUNNING


def _message(
    batch: Batch,
    run: Run | None,
    status: BatchStatus,
    phases: tuple[PhaseProgress, ...],
    waiting: int,
    *,
    results_ready: bool,
) -> str:
    if run is not None and _late_to_come(batch, run):
        return "The essays that have joined come next."
    if run is not None and run.completed is not None:
        return run.completed.message if results_ready else "Done; the results are being collected."
    if status == BatchStatus.AWAITING_ESSAYS:
        return _awaiting(batch)
    running = next((phase for phase in phases if phase.status == "running"), None)
    if running is None and all(phase.status == "done" for phase in phases):
        return "Done; the results are being collected."
    if running is None:
        return "All essays are here; the work begins."
    return _people_wanted(waiting) if waiting else _under_way(running)


def _under_way(phase: PhaseProgress) -> str:
    if phase.total == 0:
        return f"{phase.title} is under way."
    return f"{phase.title} is under way: {phase.done} of {phase.total}."


def _waiting_for_people(run: Run | None, phases: tuple[PhaseProgress, ...]) -> int:
    """Comparisons that only people can make, for the assessment to go on."""
    if run is None or run.comparing is None or run.control is RunControl.FINISH:
        return 0
    comparing = any(
        phase.status == "running" and phase_named(phase.name).scope == Scope.BATCH
        for phase in phases
    )
    return run.comparing.waiting_for_people if comparing else 0


def _people_wanted(comparisons: int) -> str:
    wanted = "1 comparison" if comparisons == 1 else f"{comparisons} comparisons"
    return f"Waiting for {wanted} by people."


def _late_to_come(batch: Batch, run: Run) -> bool:
    """Whether essays that joined during the run, which is over, get one of their own now."""
    if run.completed is None or run.completed.status is BatchStatus.CANCELLED:
        return False
    known = {essay.essay_id for essay in run.completed.essays}
    known |= {lost.essay_id for lost in run.completed.failed}
    return any(essay.essay_id not in known for essay in batch.joined)


def _awaiting(batch: Batch) -> str:
    expected, received = len(batch.registered.essay_ids), _received(batch)
    refused = len({file.file_name for file in batch.rejected} & _noticed(batch))
    missing = max(expected - received - refused, 0)
    if missing == 0:
        return "All essays are here; the work begins."
    essays = "1 essay" if missing == 1 else f"{missing} essays"
    return f"Waiting for {essays}: {received} of {expected} are here."


def _noticed(batch: Batch) -> set[str]:
    return {notice.file for notice in notices(batch)}


def _phases(batch: Batch, run: Run | None) -> tuple[PhaseProgress, ...]:
    """The phases of the run, or of the pipeline that was asked for, in running order."""
    plans = {plan.phase: plan for plan in run.started.phases} if run and run.started else {}
    asked_for = plans or dict.fromkeys(batch.registered.pipeline)
    done: set[PhaseName] = set()
    shown: list[PhaseProgress] = []
    for phase in with_dependencies(asked_for):
        may_run = run is not None and done.issuperset(phase.depends_on)
        progress = _phase(batch, run, phase, plans.get(phase.name), may_run=may_run)
        if progress.status == "done":
            done.add(phase.name)
        shown.append(progress)
    return tuple(shown)


def _phase(
    batch: Batch, run: Run | None, phase: Phase, plan: PhasePlan | None, *, may_run: bool
) -> PhaseProgress:
    outcome = run.outcomes.get(phase.name) if run else None
    over = run is not None and run.completed is not None
    taken_over = plan is not None and plan.to_do == 0
    finished = over or outcome is not None or taken_over
    total = plan.to_do + plan.reused if plan else _essays_to_come(batch)
    done = total if finished else 0
    if not finished and run is not None and phase.name == PhaseName.SPELLCHECK:
        corrected = sum(
            any(result.run_id == run.run_id for result in results)
            for results in batch.spellchecks.values()
        )
        done = min(corrected + (plan.reused if plan else 0), total)
    if phase.scope == Scope.BATCH and run is not None and not taken_over:
        done, total = _comparisons(run, finished=finished)
    return PhaseProgress(
        name=phase.name,
        title=phase_named(phase.name).title,
        status="done" if finished else "running" if may_run else "waiting",
        done=done,
        total=total,
        detail=_detail(run, phase, plan, finished=finished),
    )


def _essays_to_come(batch: Batch) -> int:
    return len(batch.essays) if batch.ready else batch.expected


def _comparisons(run: Run, *, finished: bool) -> tuple[int, int]:
    """Made, and expected: estimates that are right at the end. (0, 0) before the first."""
    made = run.assessment.comparisons if run.assessment else 0
    expected = made
    if run.comparing is not None:
        made = max(made, run.comparing.comparisons)
        expected = max(made, run.comparing.expected_comparisons)
    return (made, made) if finished else (made, expected)


def _detail(run: Run | None, phase: Phase, plan: PhasePlan | None, *, finished: bool) -> str | None:
    """One more sentence about the phase, where there is one to say."""
    if run is None:
        return None
    if plan is not None and plan.to_do == 0:
        return "Taken over from an earlier run."
    sentences = []
    if plan is not None and plan.reused:
        sentences.append(f"{plan.reused} taken over from an earlier run.")
    outcome = run.outcomes.get(phase.name)
    if outcome is not None and outcome.failed:
        sentences.append(f"{len(outcome.failed)} could not be done.")
    reliability = _reliability(run)
    if phase.scope == Scope.BATCH and reliability:
        so_far = "" if finished else " so far"
        sentences.append(f"Reliability{so_far} {reliability:.2f}.")
    return " ".join(sentences) or None


def _reliability(run: Run) -> float | None:
    if run.assessment is not None:
        return run.assessment.reliability
    return run.comparing.reliability if run.comparing else None
