"""An assessment as values: the essays by position, the comparisons, and how far it has come.

Positions follow file names and texts, so that nothing that differs between two runs over the same
files (ids, time, the order of arrival) can reach the scores.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import EssayFailure, EssayText

Pair = tuple[int, int]
"""Positions, in the order in which the judge sees them."""
Winner = Literal["first", "second", "tie"]
Notes = dict[str, Any]
"""What a judge keeps of an essay it has read, as JSON."""


@dataclass(frozen=True)
class Outcome:
    """`degree` is 1 for slightly better, 2 for clearly, None where there is none."""

    winner: Winner
    degree: int | None = None


@dataclass(frozen=True)
class Comparison:
    """A pair that a judge was asked about; `outcome` is None until it has answered."""

    wave: int
    judge: str
    pair: Pair
    outcome: Outcome | None


@dataclass(frozen=True)
class Wave:
    """`comparisons` made by the end of the wave, and the cautious reliability then."""

    number: int
    comparisons: int
    reliability: float


@dataclass(frozen=True)
class Essay:
    essay_id: EssayId
    file_name: str
    text_id: TextId
    anchor_grade: str | None
    notes: Notes

    @property
    def as_text(self) -> EssayText:
        return EssayText(essay_id=self.essay_id, file_name=self.file_name, text_id=self.text_id)


@dataclass(frozen=True)
class Assessment:
    run_id: RunId
    batch_id: BatchId
    fingerprint: str
    judge: str
    seed: int
    grade_scale: tuple[str, ...]
    """Best first."""
    essays: tuple[Essay, ...]
    failed: tuple[EssayFailure, ...]
    comparisons: tuple[Comparison, ...] = ()
    waves: tuple[Wave, ...] = ()
    closed: bool = False

    @property
    def judged(self) -> list[tuple[str, Pair, Outcome]]:
        return [
            (comparison.judge, comparison.pair, comparison.outcome)
            for comparison in self.comparisons
            if comparison.outcome is not None
        ]

    @property
    def anchors(self) -> dict[int, str]:
        """Known grades by position."""
        return {
            position: essay.anchor_grade
            for position, essay in enumerate(self.essays)
            if essay.anchor_grade is not None
        }

    def unanswered(self, wave: int) -> list[Pair]:
        return [
            comparison.pair
            for comparison in self.comparisons
            if comparison.wave == wave and comparison.outcome is None
        ]


@dataclass(frozen=True)
class Standing:
    """One essay's result; `position` says whose."""

    position: int
    rank: int
    score: float
    standard_error: float
    plausible_ranks: tuple[int, int]
    comparisons: int
    grade: str | None
    grade_probabilities: dict[str, float] | None


@dataclass(frozen=True)
class Ranking:
    reliability: float
    stop_reason: str
    grade_note: str | None
    standings: tuple[Standing, ...]
    """By rank."""


@dataclass(frozen=True)
class Step:
    """What follows from the verdicts so far: more pairs, or the ranking."""

    comparisons: int
    reliability: float
    expected_comparisons: int
    pairs: tuple[Pair, ...] = field(default=())
    ranking: Ranking | None = None


def in_order(essays: Sequence[EssayText]) -> list[EssayText]:
    return sorted(essays, key=lambda essay: (essay.file_name, essay.text_id))


def seed_of(texts: Iterable[TextId]) -> int:
    """The same for the same texts in the same order, whatever the ids of this run."""
    digest = hashlib.sha256("\n".join(texts).encode()).digest()
    return int.from_bytes(digest[:7])
