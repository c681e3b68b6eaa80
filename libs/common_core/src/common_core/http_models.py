"""Bodies of the HTTP calls between services. The public API of the gateway has its own."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from common_core.domain_enums import BatchStatus, Language, PhaseName
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import (
    AnchorFile,
    BatchProfile,
    Correction,
    EssayText,
    JudgeReport,
    LookFirst,
    WireModel,
)

MAX_ESSAYS = 1000
MAX_GLOSSARY = 1000

GlossaryEntry = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
Glossary = Annotated[tuple[GlossaryEntry, ...], Field(max_length=MAX_GLOSSARY)]
"""Names and words that are right in this class."""


class CreateBatch(WireModel):
    """gateway → bos. The caller chooses the batch id: a repeated call creates nothing new."""

    batch_id: BatchId
    owner_id: str
    name: Annotated[str, Field(min_length=1, max_length=200)]
    language: Language
    essay_count: Annotated[int, Field(ge=1, le=MAX_ESSAYS)]
    assignment_text_id: TextId | None = None
    rubric_text_id: TextId | None = None
    glossary: Glossary = ()
    anchors: tuple[AnchorFile, ...] = ()
    grade_scale: tuple[str, ...] = ()
    judge: str
    pipeline: Annotated[tuple[PhaseName, ...], Field(min_length=1)]


class StartPipeline(WireModel):
    """gateway → bos: run a pipeline again, perhaps with another judge."""

    run_id: RunId
    pipeline: Annotated[tuple[PhaseName, ...], Field(min_length=1)]
    judge: str | None = None


class PipelineStarted(WireModel):
    run_id: RunId
    """The run that answers the request: if one with the same input was under way, that one."""


Control = Literal["pause", "resume", "finish", "cancel"]


class ControlRun(WireModel):
    """gateway → bos: what is to become of the run under way. Saying it twice changes nothing."""

    control: Control


class MoreComparisons(WireModel):
    """gateway → bos: a larger budget; a repeated call with the same id adds nothing."""

    request_id: RunId
    comparisons_per_essay: Annotated[int, Field(ge=1, le=100)]


class BatchControlled(WireModel):
    """bos → gateway: the batch afterwards."""

    run_id: RunId | None
    """The run under way, if any."""
    status: BatchStatus
    paused: bool
    message: str


class LateEssay(WireModel):
    file_name: str
    text_id: TextId


class AddEssays(WireModel):
    """gateway → bos: essays that join a batch; a repeated call with the same id adds nothing."""

    request_id: RunId
    essays: tuple[LateEssay, ...]


class EssaysAdded(WireModel):
    """bos → gateway: those of them that the batch did not have, and what becomes of them."""

    added: tuple[EssayText, ...]
    run_id: RunId | None
    """The run that has begun with them; None if they wait for the end of the one under way."""
    message: str


class BatchRecord(WireModel):
    """bos → gateway: the batch as its owner registered it."""

    batch_id: BatchId
    owner_id: str
    name: str
    language: Language
    essay_count: int
    judge: str
    pipeline: tuple[PhaseName, ...]
    status: BatchStatus
    message: str
    created_at: AwareDatetime


class BatchDeletion(WireModel):
    """bos → gateway: all that is kept of a batch that was deleted."""

    batch_id: BatchId
    asked_at: AwareDatetime
    completed_at: AwareDatetime | None
    """When the last service had forgotten it; None as long as one has not."""
    waiting_for: tuple[str, ...]
    """The services that have not confirmed yet."""


class OwnerQuery(WireModel):
    owner_id: str


class BatchRecords(WireModel):
    """bos → gateway: the batches of one owner, newest first."""

    batches: tuple[BatchRecord, ...]


class ResolvePipeline(WireModel):
    """bos → bcs: what is left to do of this pipeline for these texts."""

    pipeline: Annotated[tuple[PhaseName, ...], Field(min_length=1)]
    done: tuple[PhaseName, ...] = ()
    """The phases that the texts have been through: what depends on them can start at once."""
    essays: tuple[EssayText, ...]
    profile: BatchProfile
    earlier_names: tuple[tuple[str, ...], ...] = ()
    """The profile's `names` as they were before essays joined: what was done with those holds."""


class ResolvedPhase(WireModel):
    phase: PhaseName
    to_do: tuple[EssayText, ...]
    reused: tuple[EssayText, ...]
    """Essays for which the phase is done, with the text that came out of it."""
    result_run_id: RunId | None = None
    """The earlier run whose result holds, if the whole phase is reused; the latest, if several."""


class ResolvedPipeline(WireModel):
    phases: tuple[ResolvedPhase, ...]
    """In running order. Of a phase whose input another one must make first, everything is to do."""


class UploadForm(WireModel):
    """`multipart/form-data` with any number of parts named `files`."""

    files: Annotated[list[bytes], Field(json_schema_extra={"items": {"format": "binary"}})]


class UploadOutcome(WireModel):
    """content → gateway → client: one file of an upload."""

    file: str
    status: Literal["accepted", "rejected", "duplicate"]
    code: str | None = None
    reason: str | None = None


class Uploaded(WireModel):
    files: tuple[UploadOutcome, ...]


class ReadFile(UploadOutcome):
    """content → gateway: the outcome with the text; None for a file that could not be read."""

    text_id: TextId | None = None


class ReadFiles(WireModel):
    files: tuple[ReadFile, ...]


class StoredText(WireModel):
    text_id: TextId


class OpenPair(WireModel):
    pair_id: UUID
    first: TextId
    """The text to show first, or on the left."""
    second: TextId


class OpenPairs(WireModel):
    """cj → gateway: what a person may compare now; the pairs are reserved for them for a while."""

    state: Literal["open", "waiting", "paused", "over"]
    """`waiting`: others have the pairs that are left, or nothing is asked of people yet."""
    done: int
    """Of `total` comparisons by people in the wave under way."""
    total: int
    language: Language | None
    assignment_text_id: TextId | None
    rubric_text_id: TextId | None = None
    pairs: tuple[OpenPair, ...]


Person = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
MAX_REASON_CHARACTERS = 2000


class PersonVerdict(WireModel):
    """gateway → cj: what a person thinks of a pair. Delivered twice it counts once."""

    pair_id: UUID
    person: Person
    winner: Literal["first", "second", "tie"]
    degree: Annotated[int, Field(ge=1, le=2)] | None = None
    """1: slightly better, 2: clearly."""
    reason: Annotated[str, Field(max_length=MAX_REASON_CHARACTERS)] | None = None

    @model_validator(mode="after")
    def _degree_of_a_difference(self) -> Self:
        if self.winner == "tie" and self.degree is not None:
            raise ValueError("two essays that are equal differ to no degree")
        return self


class VerdictKept(WireModel):
    """cj → gateway → client."""

    pair_id: UUID
    done: int
    total: int


class PhaseProgress(WireModel):
    name: PhaseName
    title: str
    status: Literal["waiting", "running", "done"]
    done: int
    total: int
    detail: str | None = None


class FileNotice(WireModel):
    """A file that will not be assessed, and why."""

    file: str
    reason: str


class BatchProgress(WireModel):
    """ras → gateway: where a batch is."""

    batch_id: BatchId
    owner_id: str
    run_id: RunId | None = None
    """The latest run of a pipeline; None before the first."""
    name: str
    language: Language
    status: BatchStatus
    message: str
    essays_expected: int
    essays_received: int
    phases: tuple[PhaseProgress, ...]
    notices: tuple[FileNotice, ...]
    results_ready: bool
    paused: bool = False
    waiting_for_people: int = 0
    """Comparisons that people are to make now."""
    created_at: AwareDatetime
    updated_at: AwareDatetime


class DeadLetterNote(WireModel):
    """An event that a service could not handle and has set aside."""

    id: int
    event_type: str
    cause: str
    since: AwareDatetime


class ServiceCondition(WireModel):
    """any service → gateway: how it does, and what of one batch has got stuck in it."""

    service: str
    consuming: bool | None
    """Whether it takes part in its consumer group; None if it consumes nothing."""
    silent_seconds: float
    """How long ago the consumer's loop last turned."""
    blocked_seconds: float
    """How long the first event of some key has been waiting to be tried again."""
    unsent: int
    unsent_seconds: float
    """Age of the oldest event that waits to be sent."""
    unsent_of_batch: int
    dead_letters: tuple[DeadLetterNote, ...]
    """Of the batch, the oldest first."""


class BatchEvent(WireModel):
    """One step of a batch's progress; `sequence` grows within the batch."""

    sequence: int
    progress: BatchProgress


class BatchEvents(WireModel):
    events: tuple[BatchEvent, ...]


class Batches(WireModel):
    batches: tuple[BatchProgress, ...]


class EssayResult(WireModel):
    file: str
    essay_id: EssayId
    status: Literal["assessed", "failed"]
    error: str | None
    rank: int | None
    score: float | None
    standard_error: float | None
    plausible_ranks: tuple[int, int] | None
    grade: str | None
    grade_probabilities: dict[str, float] | None
    anchor: bool
    near_boundary: bool = False
    anchor_above: EssayId | None = None
    anchor_below: EssayId | None = None
    word_count: int
    text_id: TextId | None
    corrected_text_id: TextId | None
    corrections: tuple[Correction, ...]


class BatchResults(WireModel):
    """ras → gateway: everything but the texts, which the content store has."""

    batch_id: BatchId
    run_id: UUID
    name: str
    language: Language
    status: BatchStatus
    message: str
    judge: str
    reliability: float
    comparisons: int
    stop_reason: str
    grade_note: str | None
    assessment_run_id: RunId | None = None
    """The run that made the comparisons: an earlier one, if its result was taken over."""
    concordance: float | None = None
    taken_over: int = 0
    """Comparisons that were made in earlier runs."""
    judges: tuple[JudgeReport, ...] = ()
    look_first: tuple[LookFirst, ...] = ()
    essays: tuple[EssayResult, ...]
    """By rank, then those that failed by file name."""
    notices: tuple[FileNotice, ...]


class LoggedVerdict(WireModel):
    """A comparison that was judged; `first` is the essay that the judge saw first."""

    judge: str
    first: EssayId
    second: EssayId
    winner: Literal["first", "second", "tie"]
    degree: int | None = None
    """1: slightly better, 2: clearly."""
    reason: str | None = None


class VerdictLog(WireModel):
    """cj → gateway: all that an assessment's scores are made of, in the order it was asked for."""

    run_id: RunId
    verdicts: tuple[LoggedVerdict, ...]
