"""Which phases a pipeline still needs for these very texts. Decisions without I/O.

Every result is filed under what it depends on: the phase, the texts that went in, and the settings
that change the answer, hashed into a fingerprint. A phase is taken over exactly if its fingerprint
is on file, so that a changed text, judge or anchor makes it run again and nothing else does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common_core.events.phase_events import PhaseCompleted
from common_core.http_models import ResolvedPhase, ResolvePipeline
from common_core.identifiers import RunId
from common_core.models import BatchProfile, EssayText
from common_core.phases import Phase, Scope, fingerprint, with_dependencies


@dataclass(frozen=True)
class Result:
    """What a phase left for one fingerprint, and the run that made it."""

    run_id: RunId
    essays: tuple[EssayText, ...]


Results = Mapping[str, Result]
"""By fingerprint, from the earliest recorded to the latest."""


def reusable(phase: Phase, completed: PhaseCompleted) -> bool:
    """Only successes are worth keeping; a joint answer only if it covers every essay."""
    if phase.scope is Scope.BATCH and completed.failed:
        return False
    return bool(completed.succeeded)


def phases_to_run(request: ResolvePipeline) -> tuple[Phase, ...]:
    return tuple(
        phase for phase in with_dependencies(request.pipeline) if phase.name not in request.done
    )


def units(phase: Phase, essays: Sequence[EssayText]) -> tuple[tuple[EssayText, ...], ...]:
    """The groups of essays that the phase answers for together."""
    if phase.scope is Scope.BATCH:
        return (tuple(essays),)
    return tuple((essay,) for essay in essays)


def profiles_that_hold(request: ResolvePipeline) -> tuple[BatchProfile, ...]:
    """The profile, and those that differ only in whose names were known before others joined.

    So a pupil more does not have the essays of the class corrected anew.
    """
    earlier = ({"names": names} for names in request.earlier_names)
    return (request.profile, *(request.profile.model_copy(update=each) for each in earlier))


def fingerprints(
    phase: Phase, essays: Sequence[EssayText], profiles: Sequence[BatchProfile]
) -> tuple[tuple[str, ...], ...]:
    """For each unit, in their order, those under which a result holds."""
    return tuple(
        tuple(fingerprint(phase, unit, profile) for profile in profiles)
        for unit in units(phase, essays)
    )


def resolve(
    phase: Phase, essays: Sequence[EssayText], profiles: Sequence[BatchProfile], results: Results
) -> ResolvedPhase:
    """Divide the essays into those whose result is on file and those still to do.

    `results` are those found for the fingerprints of these essays.
    """
    to_do: list[EssayText] = []
    reused: list[EssayText] = []
    wanted = fingerprints(phase, essays, profiles)
    for unit, any_of in zip(units(phase, essays), wanted, strict=True):
        held = next((results[each] for each in any_of if each in results), None)
        outputs = _outputs(unit, held)
        if outputs is None:
            to_do.extend(unit)
        else:
            reused.extend(outputs)
    runs = [result.run_id for result in results.values()]
    return ResolvedPhase(
        phase=phase.name,
        to_do=tuple(to_do),
        reused=tuple(reused),
        result_run_id=runs[-1] if runs and not to_do else None,
    )


def _outputs(unit: Sequence[EssayText], result: Result | None) -> tuple[EssayText, ...] | None:
    if result is None:
        return None
    texts = {essay.essay_id: essay for essay in result.essays}
    if any(essay.essay_id not in texts for essay in unit):
        return None
    return tuple(texts[essay.essay_id] for essay in unit)


def everything_to_do(phase: Phase, essays: Sequence[EssayText]) -> ResolvedPhase:
    """For a phase whose input an earlier one has still to make."""
    return ResolvedPhase(phase=phase.name, to_do=tuple(essays), reused=())
