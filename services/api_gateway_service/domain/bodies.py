"""The bodies of the public API."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from common_core.domain_enums import BatchStatus, CorrectionKind, Language, PhaseName
from common_core.http_models import (
    MAX_ESSAYS,
    MAX_REASON_CHARACTERS,
    FileNotice,
    Glossary,
    LoggedVerdict,
    Person,
    PhaseProgress,
    UploadOutcome,
)
from common_core.identifiers import BatchId, EssayId, RunId
from common_core.judges import judges_named
from common_core.models import AnchorFile, JudgeReport, LookFirst, WireModel

DEFAULT_PIPELINE = (PhaseName.SPELLCHECK, PhaseName.CJ_ASSESSMENT)
DEFAULT_JUDGE = "offline"
MAX_ASSIGNMENT_CHARACTERS = 20_000


def _names_judges(judge: str) -> str:
    judges_named(judge)
    return judge


Judge = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_names_judges)]
"""One judge, or several joined by a plus sign: `offline`, `people`, `gpt-x+people`."""
Pipeline = Annotated[tuple[PhaseName, ...], Field(min_length=1)]


class RequestBody(BaseModel):
    """A field that is not known is a mistake, and is told so."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewBatch(RequestBody):
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    language: Language
    essay_count: Annotated[int, Field(ge=1, le=MAX_ESSAYS)]
    assignment: Annotated[str, Field(max_length=MAX_ASSIGNMENT_CHARACTERS)] | None = None
    """What the pupils were asked to write about."""
    rubric: Annotated[str, Field(max_length=MAX_ASSIGNMENT_CHARACTERS)] | None = None
    """What makes an essay good: for models and people who compare."""
    glossary: Glossary | None = None
    """Names and words that are right in this class."""
    anchors: tuple[AnchorFile, ...] | None = None
    """Essays of the batch whose grade is known, named by their file."""
    grade_scale: tuple[str, ...] | None = None
    """From best to worst."""
    judge: Judge = DEFAULT_JUDGE
    pipeline: Pipeline = DEFAULT_PIPELINE


class CreatedBatch(WireModel):
    batch_id: BatchId
    name: str
    language: Language
    essay_count: int
    judge: str
    pipeline: tuple[PhaseName, ...]


class Joined(WireModel):
    """Essays that were to join a batch: each file's outcome, and what becomes of the new ones."""

    files: tuple[UploadOutcome, ...]
    """`duplicate`: the batch has this essay already."""
    run_id: RunId | None
    """The run that has begun with them; none if there is nothing new, or they have to wait."""
    message: str


class NewRun(RequestBody):
    pipeline: Pipeline = DEFAULT_PIPELINE
    judge: Judge | None = None
    """None: the judge that the batch was registered with."""


class Run(WireModel):
    run_id: RunId


class Budget(RequestBody):
    comparisons_per_essay: Annotated[int, Field(ge=1, le=100)]
    """Beside those that each essay has or may have already."""


class PairOfTexts(WireModel):
    """Two essays as they were corrected; whose they are is not said."""

    pair_id: UUID
    first: str
    second: str


class Pairs(WireModel):
    state: Literal["open", "waiting", "paused", "over"]
    """`waiting`: others have the pairs that are left, or nothing is asked of people yet."""
    done: int
    """Of `total` comparisons by people in this round."""
    total: int
    language: Language | None
    assignment: str | None
    rubric: str | None = None
    pairs: tuple[PairOfTexts, ...]
    """Reserved for the person who asked, for some minutes."""


class NewVerdict(RequestBody):
    pair_id: UUID
    winner: Literal["first", "second", "tie"]
    degree: Annotated[int, Field(ge=1, le=2)] | None = None
    """1: slightly better, 2: clearly."""
    reason: Annotated[str, Field(max_length=MAX_REASON_CHARACTERS)] | None = None
    person: Person | None = None
    """Who judges; left out: the owner of the key."""


class Status(WireModel):
    """Where a batch is."""

    batch_id: BatchId
    run_id: RunId | None
    name: str
    language: Language
    status: BatchStatus
    message: str
    phases: tuple[PhaseProgress, ...]
    essays_expected: int
    essays_received: int
    notices: tuple[FileNotice, ...]
    """Files that will not be assessed, and why."""
    results_ready: bool
    paused: bool = False
    waiting_for_people: int = 0
    """Comparisons that people are to make now: `GET …/pairs`."""
    created_at: AwareDatetime

    @property
    def over(self) -> bool:
        return self.status.ended and self.results_ready


class Trouble(WireModel):
    """Something that keeps batches waiting, for the engineer."""

    service: str
    what: str
    advice: str
    of_batch: bool = False
    """Whether it concerns this batch for certain."""


class Waiting(WireModel):
    """What a batch is waiting for; `sentence` is for everybody, `advice` says what to do."""

    sentence: str
    since: AwareDatetime
    """When something of the batch was last seen to change."""
    advice: str | None
    troubles: tuple[Trouble, ...]


class Statuses(WireModel):
    batches: tuple[Status, ...]


class Mark(WireModel):
    """`start` and `end` count characters (code points) of `text`, end exclusive."""

    start: int
    end: int
    original: str
    suggestions: tuple[str, ...]
    confidence: float
    kind: CorrectionKind


class EssayReport(WireModel):
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
    near_boundary: bool
    """Its score is within one standard error of the border to another grade."""
    anchor_above: EssayId | None
    """The closest of the anchors that rank higher; `anchor_below` the closest that rank lower."""
    anchor_below: EssayId | None
    word_count: int
    corrections: tuple[Mark, ...]
    """What was put into `corrected_text`: the first suggestion of each."""
    marked: tuple[Mark, ...]
    """What was only pointed out."""
    text: str
    corrected_text: str


class FrequentError(WireModel):
    """An error of the class: what was written, what it should be, and how often it was made."""

    written: str
    meant: str
    kind: CorrectionKind
    count: int
    essays: int
    """In how many essays it occurs."""


class Report(WireModel):
    """The results of a batch, as `results.json` has them."""

    batch_id: BatchId
    run_id: UUID
    name: str
    language: Language
    status: BatchStatus
    message: str
    judge: str
    judge_note: str | None
    """What has to stand beside every result of this judge."""
    reliability: float
    comparisons: int
    stop_reason: str
    grade_note: str | None
    concordance: float | None
    """Share of pairs that a repeat is expected to order the same way, .5 to 1."""
    taken_over: int = 0
    """Comparisons that were made in earlier runs of the batch."""
    judges: tuple[JudgeReport, ...]
    look_first: tuple[LookFirst, ...]
    """The most urgent first."""
    essays: tuple[EssayReport, ...]
    notices: tuple[FileNotice, ...]
    frequent_errors: tuple[FrequentError, ...]
    """Of all essays, most frequent first."""
    verdicts: tuple[LoggedVerdict, ...]
    """All that the scores are made of."""
