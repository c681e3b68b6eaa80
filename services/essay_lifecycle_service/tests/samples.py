"""Batches, uploads and answers to try things with."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from common_core.domain_enums import Language, RunControl
from common_core.events.batch_events import BatchEssaysRegisteredV1, BatchRunControlledV1
from common_core.events.essay_events import EssayContentProvisionedV1, EssayContentRejectedV1
from common_core.events.phase_events import PhaseCommand, PhaseCompleted, PhaseRequest
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import BatchProfile, EssayFailure, EssayText
from common_core.phases import PHASES, Phase

BATCH = BatchId(UUID(int=1))
RUN = RunId(UUID(int=11))
SECOND_RUN = RunId(UUID(int=12))
SPELLCHECK, COMPARISON = PHASES
PROFILE = BatchProfile(language=Language.ENGLISH, judge="offline")


def essay_ids(count: int) -> tuple[EssayId, ...]:
    return tuple(EssayId(UUID(int=100 + number)) for number in range(count))


def registered(
    slots: int, *, batch_id: BatchId = BATCH, seconds: float = 3600.0
) -> BatchEssaysRegisteredV1:
    return BatchEssaysRegisteredV1(
        batch_id=batch_id,
        owner_id="owner",
        name="Class 8b",
        language=Language.ENGLISH,
        essay_ids=essay_ids(slots),
        pipeline=tuple(phase.name for phase in PHASES),
        upload_deadline_seconds=seconds,
    )


def provisioned(
    name: str, version: str = "1", *, batch_id: BatchId = BATCH
) -> EssayContentProvisionedV1:
    return EssayContentProvisionedV1(
        batch_id=batch_id,
        file_name=name,
        file_hash=f"hash of {name} {version}",
        text_id=TextId(f"text of {name} {version}"),
        word_count=300,
        character_count=1800,
    )


def rejected(name: str, version: str = "1") -> EssayContentRejectedV1:
    return EssayContentRejectedV1(
        batch_id=BATCH,
        file_name=name,
        file_hash=f"hash of {name} {version}",
        code="no_text",
        reason=f"{name} has no text in it.",
    )


def essay(number: int, text: str = "as written") -> EssayText:
    return EssayText(
        essay_id=essay_ids(number + 1)[number],
        file_name=f"essay_{number}.txt",
        text_id=TextId(f"text {number} {text}"),
    )


def command(
    phase: Phase, essays: int, *, run_id: RunId = RUN, seconds: float = 900
) -> PhaseCommand:
    return phase.command(
        batch_id=BATCH,
        run_id=run_id,
        essays=tuple(essay(number) for number in range(essays)),
        profile=PROFILE,
        deadline_seconds=seconds,
    )


def control(
    wanted: RunControl, sequence: int = 1, *, seconds: float | None = None
) -> BatchRunControlledV1:
    return BatchRunControlledV1(
        batch_id=BATCH,
        run_id=RUN,
        sequence=sequence,
        control=wanted,
        extra_comparisons=0,
        deadline_seconds=seconds,
    )


def answer(phase: Phase, request: PhaseRequest, failing: Sequence[int] = ()) -> PhaseCompleted:
    """What a worker says of the request; the essays with these numbers fail."""
    lost = {essay(number).essay_id for number in failing}
    return phase.completed(
        batch_id=request.batch_id,
        run_id=request.run_id,
        fingerprint=request.fingerprint,
        succeeded=tuple(
            asked.model_copy(update={"text_id": TextId(f"{asked.text_id}, {phase.name}")})
            for asked in request.essays
            if asked.essay_id not in lost
        ),
        failed=tuple(
            EssayFailure(
                essay_id=asked.essay_id,
                file_name=asked.file_name,
                code="broken",
                reason="The text is broken.",
            )
            for asked in request.essays
            if asked.essay_id in lost
        ),
    )


def derived(name: str) -> UUID:
    return uuid5(BATCH, name)
