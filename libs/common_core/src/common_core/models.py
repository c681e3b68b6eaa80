"""The pieces that events and HTTP bodies are made of."""

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
