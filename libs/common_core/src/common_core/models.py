"""The pieces that events and HTTP bodies are made of."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common_core.domain_enums import CorrectionKind, Language
from common_core.identifiers import EssayId, TextId


class WireModel(BaseModel):
    """Immutable; unknown fields are ignored, so that an older reader understands a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class EssayText(WireModel):
    """An essay and the text that stands for it at this point of the pipeline."""

    essay_id: EssayId
    file_name: str
    text_id: TextId


class EssayFailure(WireModel):
    """Why an essay has no result; `reason` is a sentence for the teacher."""

    essay_id: EssayId
    file_name: str | None
    code: str
    reason: str


class Anchor(WireModel):
    """An essay whose grade is known."""

    essay_id: EssayId
    grade: str


class AnchorFile(WireModel):
    """An anchor before its file has a slot: it is named by the file."""

    file: str
    grade: str


class BatchProfile(WireModel):
    """What every phase may need to know about the batch beyond the texts."""

    language: Language
    assignment_text_id: TextId | None = None
    rubric_text_id: TextId | None = None
    """What makes an essay good, in the teacher's words; None: as the judges are set up."""
    glossary: tuple[str, ...] = ()
    """Words that are right in this class, as its teacher says."""
    names: tuple[str, ...] = ()
    """The words of the essays' file names in lower case: perhaps names of pupils."""
    judge: str
    grade_scale: tuple[str, ...] = ()
    """Grades from best to worst; empty if there are no anchors."""
    anchors: tuple[Anchor, ...] = ()
    extra_comparisons: Annotated[int, Field(ge=0)] = 0
    """Comparisons an essay may take part in beyond the usual budget."""


class Correction(WireModel):
    """`start` and `end` count code points of the text as extracted, end exclusive."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    original: str
    suggestions: tuple[str, ...]
    kind: CorrectionKind
    confidence: Annotated[float, Field(ge=0, le=1)]
    applied: bool
    """False: marked for the reader, not put into the corrected text."""


class EssayScore(WireModel):
    """`score` and `standard_error` in logits, mean 0 over the batch; rank 1 is best."""

    essay_id: EssayId
    rank: int
    score: float
    standard_error: float
    plausible_ranks: tuple[int, int]
    """The ranks that are compatible with the error bars, best first."""
    comparisons: int
    grade: str | None = None
    grade_probabilities: dict[str, float] | None = None
    anchor: bool = False
    near_boundary: bool = False
    """Its score is within one standard error of the border to another grade."""
    anchor_above: EssayId | None = None
    """The closest of the anchors that rank higher; `anchor_below` the closest that rank lower."""
    anchor_below: EssayId | None = None


class JudgeReport(WireModel):
    """How a judge of an assessment has done. `order_effect` is in logits, above 0 for the first."""

    judge: str
    verdicts: int
    agreement: float
    """Share of its verdicts for the essay that ranks higher in the end, a tie counting half."""
    order_effect: float
    order_effect_se: float
    slope: float
    """How sharply it tells essays apart, beside the reference judge's 1."""
    infit: float
    """1 where it errs as often as expected; above 1.3 it is careless."""
    z: float | None
    """Below -2: it disagrees with the other judges. None where they say too little."""
    swap_consistency: float | None
    """Share of the pairs that it saw in both orders and judged alike; None where there are none."""
    flagged: bool
    cost: Decimal | None = None
    """What its verdicts cost, in the currency of its prices; None if it has none."""
    taken_over: int = 0
    """How many of its verdicts were made in earlier runs of the batch."""
    cost_taken_over: Decimal | None = None
    """What those had cost; the rest of `cost` was spent in this run."""


class LookFirst(WireModel):
    """An essay that deserves a person's look; `reason` is a sentence for the teacher."""

    essay_id: EssayId
    reason: str
