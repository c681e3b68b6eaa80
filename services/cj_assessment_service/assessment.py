"""An assessment as values: the essays by position, the comparisons, and how far it has come.

Positions follow file names and texts, so that nothing that differs between two runs over the same
files (ids, time, the order of arrival) can reach the scores.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from common_core.domain_enums import Language, RunControl
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.judges import PEOPLE, judges_named
from common_core.models import EssayFailure, EssayText, JudgeReport

Pair = tuple[int, int]
"""Positions, in the order in which the judge sees them."""
Dealt = tuple[str, Pair]
"""A pair and the judge who is asked about it."""
Winner = Literal["first", "second", "tie"]
Notes = dict[str, Any]
"""What a judge keeps of an essay it has read, as JSON."""


@dataclass(frozen=True)
class Outcome:
    """`degree` is 1 for slightly better, 2 for clearly, None where there is none."""

    winner: Winner
    degree: int | None = None


@dataclass(frozen=True)
class Details:
    """How a verdict was come by; None where the judge has no such thing.

    `cost` is in the currency of the judge's prices, `model` what the endpoint calls itself.
    """

    reason: str | None = None
    latency_seconds: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: Decimal | None = None
    model: str | None = None
    prompt_version: str | None = None


@dataclass(frozen=True)
class Verdict:
    """A judge's answer about a pair: an outcome, or a sentence on why it gives none."""

    pair: Pair
    outcome: Outcome | None
    details: Details = Details()
    given_up: str | None = None


@dataclass(frozen=True)
class Comparison:
    """A pair that a judge was asked about.

    `outcome` is None until it has answered, and for ever if the pair was `given_up`.
    """

    wave: int
    judge: str
    pair: Pair
    outcome: Outcome | None
    given_up: str | None = None
    person: str | None = None
    """Who has answered, where people were asked."""
    details: Details = Details()

    @property
    def voice(self) -> str:
        """Whose order effect and slope the verdict shows: each person's is their own."""
        return self.judge if self.person is None else f"{self.judge}: {self.person}"

    @property
    def open(self) -> bool:
        return self.outcome is None and self.given_up is None


INHERITED = 0
"""The wave of the verdicts that were taken over from earlier runs."""


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
    """By judge; as a judge sees the essay, those of that judge alone."""

    @property
    def as_text(self) -> EssayText:
        return EssayText(essay_id=self.essay_id, file_name=self.file_name, text_id=self.text_id)


@dataclass(frozen=True)
class Assessment:
    run_id: RunId
    batch_id: BatchId
    fingerprint: str
    judge: str
    language: Language
    assignment_text_id: TextId | None
    rubric_text_id: TextId | None
    seed: int
    grade_scale: tuple[str, ...]
    """Best first."""
    essays: tuple[Essay, ...]
    failed: tuple[EssayFailure, ...]
    comparisons: tuple[Comparison, ...] = ()
    waves: tuple[Wave, ...] = ()
    closed: bool = False
    control: RunControl = RunControl.GO_ON
    """What the owner of the batch wants of this run."""
    extra_comparisons: int = 0
    """Per essay, beyond the usual budget."""
    least_comparisons: int = 0
    """Asked for whatever the reliability: the budget was enlarged to have them."""
    expected_comparisons: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    """By judge what makes its verdicts comparable; people have none."""
    retired: dict[str, str] = field(default_factory=dict)
    """The judges that answer no more, with a sentence on why."""

    @property
    def judges(self) -> tuple[str, ...]:
        return judges_named(self.judge)

    @property
    def at_work(self) -> tuple[str, ...]:
        """The judges who still answer."""
        return tuple(judge for judge in self.judges if judge not in self.retired)

    @property
    def asked(self) -> list[Pair]:
        """The pairs that were put to judges, but for those that nobody will answer any more."""
        return [
            comparison.pair
            for comparison in self.comparisons
            if not (comparison.open and comparison.judge in self.retired)
        ]

    @property
    def last_wave(self) -> int:
        """The latest that is over."""
        return self.waves[-1].number if self.waves else INHERITED

    @property
    def reliability(self) -> float:
        return self.waves[-1].reliability if self.waves else 0.0

    @property
    def inherited(self) -> tuple[Comparison, ...]:
        return tuple(each for each in self.comparisons if each.wave == INHERITED)

    @property
    def judged(self) -> list[tuple[str, Pair, Outcome]]:
        """Who said what of which pair."""
        return [
            (comparison.voice, comparison.pair, comparison.outcome)
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

    def essay_id_at(self, position: int | None) -> EssayId | None:
        return None if position is None else self.essays[position].essay_id

    def unanswered(self, wave: int, judge: str) -> list[Pair]:
        return [
            comparison.pair
            for comparison in self.comparisons
            if comparison.wave == wave and comparison.judge == judge and comparison.open
        ]

    def waits_for_people(self, wave: int) -> int:
        """How many pairs of the wave people are still to answer."""
        return 0 if PEOPLE in self.retired else len(self.unanswered(wave, PEOPLE))

    def as_seen_by(self, judge: str) -> "Assessment":
        """With that judge's notes of the essays."""
        essays = tuple(replace(each, notes=each.notes.get(judge, {})) for each in self.essays)
        return replace(self, essays=essays)

    @property
    def given_up(self) -> list[str]:
        """Why there is no verdict, once for each pair that has none."""
        return [each.given_up for each in self.comparisons if each.given_up is not None]


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
    near_boundary: bool
    anchor_above: int | None
    """The position of the closest anchor that ranks higher, and of the closest that ranks lower."""
    anchor_below: int | None


@dataclass(frozen=True)
class Look:
    """An essay that deserves a person's look; `reason` is a sentence for the teacher."""

    position: int
    reason: str


@dataclass(frozen=True)
class Ranking:
    reliability: float
    stop_reason: str
    grade_note: str | None
    standings: tuple[Standing, ...]
    """By rank."""
    concordance: float
    judges: tuple[JudgeReport, ...]
    look_first: tuple[Look, ...]
    """The most urgent first."""


@dataclass(frozen=True)
class Step:
    """What follows from the verdicts so far: more pairs, or the ranking."""

    comparisons: int
    reliability: float
    expected_comparisons: int
    pairs: tuple[Dealt, ...] = field(default=())
    ranking: Ranking | None = None
    retired: dict[str, str] = field(default_factory=dict)


class CannotAssess(Exception):  # noqa: N818 - an answer for the teacher, not a fault
    """Trying again would not help; `reason` is a sentence for the teacher."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class JudgeIsDone(Exception):  # noqa: N818 - as above
    """A judge answers no more, and what it has said counts; `reason` is for the teacher."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_BEARABLE_SHARE = 0.25
_ENOUGH_TO_TELL = 8


def refuse_if_too_many_given_up(assessment: Assessment) -> None:
    """CannotAssess if so many pairs have no verdict that those left are no random sample."""
    reasons = assessment.given_up
    asked = len(assessment.judged) + len(reasons)
    if asked < _ENOUGH_TO_TELL or len(reasons) <= _BEARABLE_SHARE * asked:
        return
    [(reason, _)] = Counter(reasons).most_common(1)
    raise CannotAssess(
        "judge_fails",
        f'The judge "{assessment.judge}" gave no verdict on {len(reasons)} of {asked} pairs: '
        f"{reason}",
    )


def refuse_if_nobody_is_left(assessment: Assessment) -> None:
    """CannotAssess if no judge answers any more and what there is makes no ranking."""
    left = " ".join(assessment.retired.values())
    if assessment.at_work:
        return
    if not assessment.judged:
        raise CannotAssess("no_verdicts", left)
    if PEOPLE in assessment.retired and not connected(assessment):
        raise CannotAssess(
            "too_few_comparisons",
            f"{left} The comparisons made so far are too few to rank all essays. They are kept: "
            "run the batch again to have the rest made.",
        )


def inherit(assessment: Assessment, earlier: Iterable[Assessment]) -> Assessment:
    """Take over what the same judges have said of the same texts, in the order they were shown.

    `earlier` are assessments of the same batch, the oldest first. So a pupil more, or a larger
    budget, has only the new pairs judged. An enlarged budget buys all the comparisons it is for.
    What another version of a judge has said stays where it is.
    """
    place: dict[TextId, int] = {}
    for position, essay in enumerate(assessment.essays):
        place.setdefault(essay.text_id, position)
    known: dict[Dealt, Comparison] = {}
    extra_before = 0
    for other in earlier:
        if set(other.judges) != set(assessment.judges):
            continue
        extra_before = max(extra_before, other.extra_comparisons)
        for comparison in other.comparisons:
            texts = [other.essays[position].text_id for position in comparison.pair]
            if comparison.outcome is None or not all(text in place for text in texts):
                continue
            if other.versions.get(comparison.judge) != assessment.versions.get(comparison.judge):
                continue
            pair = (place[texts[0]], place[texts[1]])
            if pair[0] != pair[1]:
                taken_over = replace(comparison, wave=INHERITED, pair=pair)
                known.setdefault((comparison.judge, pair), taken_over)
    further = max(assessment.extra_comparisons - extra_before, 0) if known else 0
    return replace(
        assessment,
        comparisons=tuple(known.values()),
        least_comparisons=len(known) + len(assessment.essays) * further // 2 if further else 0,
    )


def connected(assessment: Assessment) -> bool:
    """Whether verdicts tie all essays together, directly or through others."""
    reached, known = {0}, [frozenset(pair) for _, pair, _ in assessment.judged]
    while found := {each for pair in known if pair & reached for each in pair} - reached:
        reached |= found
    return len(reached) == len(assessment.essays)


def in_order(essays: Sequence[EssayText]) -> list[EssayText]:
    return sorted(essays, key=lambda essay: (essay.file_name, essay.text_id))


def seed_of(texts: Iterable[TextId]) -> int:
    """The same for the same texts in the same order, whatever the ids of this run."""
    digest = hashlib.sha256("\n".join(texts).encode()).digest()
    return int.from_bytes(digest[:7])
