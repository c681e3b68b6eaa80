"""The shape of `results.json`, as it lies on the disk and as the gateway answers it."""

from typing import Literal, NotRequired, TypedDict


class Correction(TypedDict):
    """`start` and `end` count code points of the essay's text, end exclusive."""

    start: int
    end: int
    original: str
    suggestions: list[str]
    confidence: float
    kind: NotRequired[str]


class EssayResult(TypedDict):
    file: str
    essay_id: str
    status: Literal["assessed", "failed"]
    error: str | None
    rank: int | None
    """1 is best; None for an essay that could not be assessed, as for the other numbers."""
    score: float | None
    """In logits, mean 0 over the batch."""
    standard_error: float | None
    grade: str | None
    grade_probabilities: dict[str, float] | None
    word_count: int
    corrections: list[Correction]
    """Those that are in the corrected text."""
    corrected_text: str
    text: NotRequired[str]
    marked: NotRequired[list[Correction]]
    """What is only pointed out to the reader; none overlaps a correction."""
    plausible_ranks: NotRequired[list[int] | None]
    anchor: NotRequired[bool]
    near_boundary: NotRequired[bool]
    """Its score is within one standard error of the border to another grade."""
    anchor_above: NotRequired[str | None]
    """The essay id of the closest anchor that ranks higher, and of the closest that ranks lower."""
    anchor_below: NotRequired[str | None]


class FileNotice(TypedDict):
    """A file that was not assessed, and why."""

    file: str
    reason: str


class FrequentError(TypedDict):
    """An error of the class: what was written, what it should be, and how often it was made."""

    written: str
    meant: str
    kind: str
    count: int
    essays: int
    """In how many essays it occurs."""


class Verdict(TypedDict):
    """A comparison of two essays, by their ids, in the order in which the judge saw them."""

    judge: str
    first: str
    second: str
    winner: Literal["first", "second", "tie"]
    degree: int | None
    """1: slightly better, 2: clearly."""
    reason: str | None


class JudgeReport(TypedDict):
    """How a judge has done; see `common_core.models.JudgeReport`."""

    judge: str
    verdicts: int
    agreement: float
    order_effect: float
    order_effect_se: float
    slope: float
    infit: float
    z: float | None
    swap_consistency: float | None
    flagged: bool
    cost: str | None
    taken_over: NotRequired[int]
    cost_taken_over: NotRequired[str | None]


class LookFirst(TypedDict):
    """An essay that deserves a person's look, and why."""

    essay_id: str
    reason: str


class Results(TypedDict):
    batch_id: str
    language: str
    judge: str
    reliability: float
    """Scale separation reliability, 0 to 1."""
    comparisons: int
    essays: list[EssayResult]
    name: NotRequired[str]
    message: NotRequired[str]
    stop_reason: NotRequired[str]
    grade_note: NotRequired[str | None]
    notices: NotRequired[list[FileNotice]]
    frequent_errors: NotRequired[list[FrequentError]]
    """Of all essays, most frequent first."""
    concordance: NotRequired[float | None]
    """Share of pairs that a repeat is expected to order the same way."""
    taken_over: NotRequired[int]
    """Comparisons that were made in earlier runs."""
    judges: NotRequired[list[JudgeReport]]
    look_first: NotRequired[list[LookFirst]]
    """The most urgent first."""
    verdicts: NotRequired[list[Verdict]]
    """All that the scores are made of."""
