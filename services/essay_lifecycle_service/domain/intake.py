"""How uploads take the slots of a batch. Decisions without I/O.

Which essay id a text gets is decided when the batch is complete, in the order of file names: so
it does not depend on which upload happened to arrive first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from common_core.identifiers import EssayId, TextId
from common_core.models import EssayFailure, EssayText


@dataclass(frozen=True)
class Refusal:
    code: str
    reason: str


@dataclass(frozen=True)
class Upload:
    """A file that was read into a text, or refused. A repeated upload is equal in name and hash."""

    file_name: str
    file_hash: str
    content: TextId | Refusal

    @property
    def refused(self) -> bool:
        return isinstance(self.content, Refusal)


class Placement(StrEnum):
    WAITING = "waiting"
    """The batch is not registered yet."""
    HELD = "held"
    """It has a slot."""
    REPLACED = "replaced"
    """It was refused, and a good file of the same name has taken its slot over."""
    SUPERSEDED = "superseded"
    """It was refused, but a file of the same name has a slot already."""
    SURPLUS = "surplus"
    """No slot was free."""


@dataclass(frozen=True)
class Intake:
    """The slots of a batch and the uploads that hold them."""

    slots: int
    held: tuple[Upload, ...] = ()
    ready: bool = False

    @property
    def full(self) -> bool:
        return len(self.held) >= self.slots


@dataclass(frozen=True)
class Admission:
    intake: Intake
    placement: Placement
    replaced: Upload | None = None


def admit(intake: Intake, upload: Upload) -> Admission:
    """Where an upload goes that was not seen before."""
    namesakes = [held for held in intake.held if held.file_name == upload.file_name]
    if upload.refused and namesakes:
        return Admission(intake, Placement.SUPERSEDED)
    if intake.ready:
        return Admission(intake, Placement.SURPLUS)
    refused = next((held for held in namesakes if held.refused), None)
    if refused is not None:
        others = tuple(held for held in intake.held if held is not refused)
        return Admission(replace(intake, held=(*others, upload)), Placement.HELD, replaced=refused)
    if intake.full:
        return Admission(intake, Placement.SURPLUS)
    return Admission(replace(intake, held=(*intake.held, upload)), Placement.HELD)


def surplus_reason(intake: Intake, upload: Upload) -> str:
    """Why a file is not assessed, for the teacher."""
    if isinstance(upload.content, Refusal):
        return upload.content.reason
    places = "1 essay" if intake.slots == 1 else f"{intake.slots} essays"
    return f"The batch is for {places}, and it was full when this file came."


def settle(
    intake: Intake, essay_ids: Sequence[EssayId]
) -> tuple[tuple[EssayText, ...], tuple[EssayFailure, ...]]:
    """Give every slot its essay: the good ones in order of file name, then refused, then empty."""
    good = sorted(
        (upload.file_name, upload.content)
        for upload in intake.held
        if not isinstance(upload.content, Refusal)
    )
    refused = sorted(
        (upload.file_name, upload.content.code, upload.content.reason)
        for upload in intake.held
        if isinstance(upload.content, Refusal)
    )
    ids = iter(essay_ids)
    essays = tuple(
        EssayText(essay_id=next(ids), file_name=name, text_id=text_id) for name, text_id in good
    )
    failed = [
        EssayFailure(essay_id=next(ids), file_name=name, code=code, reason=reason)
        for name, code, reason in refused
    ]
    failed += [
        EssayFailure(
            essay_id=essay_id,
            file_name=None,
            code="never_uploaded",
            reason="One essay of the batch was never uploaded.",
        )
        for essay_id in ids
    ]
    return essays, tuple(failed)
