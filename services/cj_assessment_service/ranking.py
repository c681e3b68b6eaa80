"""What a fit says of an assessment, once there are no more verdicts. Runs in a worker process."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from common_core.models import JudgeReport
from services.cj_assessment_service.assessment import (
    Assessment,
    Comparison,
    Look,
    Ranking,
    Standing,
)
from services.cj_assessment_service.domain import reliability
from services.cj_assessment_service.domain.attention import contradictions, look_first
from services.cj_assessment_service.domain.epsilon import fit_epsilon
from services.cj_assessment_service.domain.fit import Fit
from services.cj_assessment_service.domain.grades import GradeProjection, Refusal, grades
from services.cj_assessment_service.domain.judge_quality import judge_quality
from services.cj_assessment_service.domain.verdicts import Floats, VerdictTable


def ranked(assessment: Assessment, table: VerdictTable, fit: Fit, reason: str) -> Ranking:
    """The ranking with everything that is told of it; `reason` is why there is no more to come."""
    projected = _grades(assessment, fit)
    projection = projected if isinstance(projected, GradeProjection) else None
    plausible = reliability.plausible_ranks(fit, seed=assessment.seed)
    looks = look_first(
        plausible,
        contradictions(fit_epsilon(table.n, table), table),
        assessment.anchors,
        projection,
    )
    standings = _standings(assessment, table, fit, plausible, projection)
    return Ranking(
        reliability=reliability.reliability(fit),
        stop_reason=reason,
        grade_note=projected.reason if isinstance(projected, Refusal) else _beyond(projection),
        standings=tuple(sorted(standings, key=lambda standing: standing.rank)),
        concordance=reliability.concordance(fit),
        judges=_judges(assessment, table, fit),
        look_first=tuple(Look(look.item, look.reason) for look in looks),
    )


def _standings(
    assessment: Assessment,
    table: VerdictTable,
    fit: Fit,
    plausible: Sequence[np.ndarray],
    projection: GradeProjection | None,
) -> list[Standing]:
    rank = reliability.ranks(fit.scores).tolist()
    best, worst = (side.tolist() for side in plausible)
    errors = fit.standard_errors.tolist()
    comparisons = table.per_item.tolist()
    near = projection.near_boundary if projection else [False] * fit.n
    given: Sequence[str | None] = projection.grades if projection else [None] * fit.n
    return [
        Standing(
            position=position,
            rank=rank[position],
            score=score,
            standard_error=errors[position],
            plausible_ranks=(best[position], worst[position]),
            comparisons=round(comparisons[position]),
            grade=assessment.anchors.get(position, given[position]),
            grade_probabilities=_chances(assessment, projection, position),
            near_boundary=near[position],
            anchor_above=_closest(rank, assessment.anchors, position, -1),
            anchor_below=_closest(rank, assessment.anchors, position, 1),
        )
        for position, score in enumerate(fit.scores.tolist())
    ]


def _closest(
    rank: Sequence[int], anchors: Mapping[int, str], position: int, direction: int
) -> int | None:
    """The anchor that is fewest ranks above (-1) or below (1)."""
    distances = {anchor: direction * (rank[anchor] - rank[position]) for anchor in anchors}
    beyond = {anchor: distance for anchor, distance in distances.items() if distance > 0}
    return min(beyond, key=beyond.__getitem__, default=None)


def _chances(
    assessment: Assessment, projection: GradeProjection | None, position: int
) -> dict[str, float] | None:
    """The distribution over the grades, best first."""
    if projection is None:
        return None
    row: Floats = projection.probabilities[position]
    return dict(zip(assessment.grade_scale, row[::-1].tolist(), strict=True))


def _judges(assessment: Assessment, table: VerdictTable, fit: Fit) -> tuple[JudgeReport, ...]:
    costs = _costs(assessment.comparisons)
    before = _costs(assessment.inherited)
    taken_over = Counter(comparison.voice for comparison in assessment.inherited)
    return tuple(
        JudgeReport(
            judge=quality.judge,
            verdicts=round(quality.verdicts),
            agreement=quality.agreement,
            order_effect=quality.order_effect,
            order_effect_se=quality.order_effect_se,
            slope=quality.slope,
            infit=quality.infit,
            z=quality.z,
            swap_consistency=quality.swap_consistency,
            flagged=quality.flagged,
            cost=costs.get(quality.judge),
            taken_over=taken_over[quality.judge],
            cost_taken_over=before.get(quality.judge),
        )
        for quality in judge_quality(table.n, table, fit)
    )


def _costs(comparisons: Iterable[Comparison]) -> dict[str, Decimal]:
    """By voice, where its verdicts have a price."""
    costs: dict[str, Decimal] = {}
    for comparison in comparisons:
        if comparison.details.cost is not None:
            spent = costs.get(comparison.voice, Decimal(0))
            costs[comparison.voice] = spent + comparison.details.cost
    return costs


def _grades(assessment: Assessment, fit: Fit) -> GradeProjection | Refusal | None:
    if not assessment.anchors:
        return None
    lowest_first = assessment.grade_scale[::-1]
    return grades(fit.scores, fit.centred_variances, assessment.anchors, lowest_first)


def _beyond(projection: GradeProjection | None) -> str | None:
    outside = sum(projection.outside) if projection else 0
    if not outside:
        return None
    essays = "1 essay is" if outside == 1 else f"{outside} essays are"
    return f"{essays} better or weaker than every anchor: such a grade is less certain."
