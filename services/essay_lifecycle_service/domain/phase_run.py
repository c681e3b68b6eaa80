"""One phase of one run: what each essay is asked, what answers count, when it is over. No I/O.

An essay moves once: from requested to succeeded, failed or expired. Whatever comes later, again,
or for an essay that was not asked for changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID, uuid5

from common_core.domain_enums import PhaseName
from common_core.events.phase_events import (
    ElsBatchPhaseOutcomeV1,
    PhaseCommand,
    PhaseCompleted,
    PhaseRequest,
)
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import EssayFailure, EssayText
from common_core.phases import Phase, Scope, fingerprint


class State(StrEnum):
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


_AFTER = {
    State.REQUESTED: frozenset({State.SUCCEEDED, State.FAILED, State.EXPIRED}),
    State.SUCCEEDED: frozenset[State](),
    State.FAILED: frozenset[State](),
    State.EXPIRED: frozenset[State](),
}


@dataclass(frozen=True)
class EssayInPhase:
    essay: EssayText
    fingerprint: str
    """That of the request in which it was sent: an answer must repeat it."""
    state: State = State.REQUESTED
    output: TextId | None = None
    code: str | None = None
    reason: str | None = None

    def moved(
        self,
        state: State,
        *,
        output: TextId | None = None,
        code: str | None = None,
        reason: str | None = None,
    ) -> "EssayInPhase | None":
        """The essay after the step, or None where the step is not legal."""
        if state not in _AFTER[self.state]:
            return None
        return replace(self, state=state, output=output, code=code, reason=reason)


def requests(phase: Phase, command: PhaseCommand) -> tuple[PhaseRequest, ...]:
    """What the phase's worker is asked: essay by essay, or all at once."""
    if phase.scope is Scope.BATCH:
        groups = [command.essays]
    else:
        groups = [(essay,) for essay in command.essays]
    return tuple(
        phase.request(
            batch_id=command.batch_id,
            run_id=command.run_id,
            essays=group,
            profile=command.profile,
            fingerprint=fingerprint(phase, group, command.profile),
        )
        for group in groups
    )


def started(asked: Iterable[PhaseRequest]) -> tuple[EssayInPhase, ...]:
    return tuple(
        EssayInPhase(essay, request.fingerprint) for request in asked for essay in request.essays
    )


def answered(essays: Iterable[EssayInPhase], completed: PhaseCompleted) -> tuple[EssayInPhase, ...]:
    """The essays that the answer moves."""
    asked = {
        essay.essay.essay_id: essay
        for essay in essays
        if essay.fingerprint == completed.fingerprint
    }
    moved: dict[EssayId, EssayInPhase] = {}
    for success in completed.succeeded:
        _move(asked, moved, success.essay_id, State.SUCCEEDED, output=success.text_id)
    for failure in completed.failed:
        _move(
            asked,
            moved,
            failure.essay_id,
            State.FAILED,
            code=failure.code,
            reason=failure.reason,
        )
    return tuple(moved.values())


def _move(
    asked: dict[EssayId, EssayInPhase],
    moved: dict[EssayId, EssayInPhase],
    essay_id: EssayId,
    state: State,
    *,
    output: TextId | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    essay = asked.get(essay_id)
    after = essay.moved(state, output=output, code=code, reason=reason) if essay else None
    if after is not None:
        asked[essay_id] = moved[essay_id] = after


def cause_of_expiry(run_id: RunId, phase: PhaseName) -> UUID:
    """What the events of a passed deadline derive their ids from."""
    return uuid5(run_id, f"{phase} timed out")


def expired(essays: Iterable[EssayInPhase], phase: Phase) -> tuple[EssayInPhase, ...]:
    """The essays whose answer did not come in time."""
    reason = f"{phase.title} gave no answer for this essay in time."
    moves = (
        essay.moved(State.EXPIRED, code=f"{phase.name}_timed_out", reason=reason)
        for essay in essays
    )
    return tuple(essay for essay in moves if essay is not None)


def outcome(
    batch_id: BatchId, run_id: RunId, phase: PhaseName, essays: Sequence[EssayInPhase]
) -> ElsBatchPhaseOutcomeV1:
    """What became of the essays, in the order of the command; none may be outstanding."""
    return ElsBatchPhaseOutcomeV1(
        batch_id=batch_id,
        run_id=run_id,
        phase=phase,
        succeeded=tuple(
            essay.essay.model_copy(update={"text_id": essay.output})
            for essay in essays
            if essay.state is State.SUCCEEDED
        ),
        failed=tuple(
            EssayFailure(
                essay_id=essay.essay.essay_id,
                file_name=essay.essay.file_name,
                code=essay.code or "failed",
                reason=essay.reason or "The essay could not be processed.",
            )
            for essay in essays
            if essay.state is not State.SUCCEEDED
        ),
    )
