"""Which essays a person should look at first: where a second look is most likely to change much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from services.cj_assessment_service.domain.epsilon import EpsilonFit
from services.cj_assessment_service.domain.grades import GradeProjection
from services.cj_assessment_service.domain.verdicts import Floats, Ints, VerdictTable, per_end

MOST = 5
CONTRADICTION = 2.0
"""In standard deviations: one essay in forty is beyond it by chance."""
UNLIKELY = 0.1
_ESSAYS_FOR_EACH = 3


@dataclass(frozen=True)
class Look:
    """`item` deserves a look; `reason` is a sentence for the teacher."""

    item: int
    reason: str


def look_first(
    plausible: tuple[Ints, Ints],
    contradictions: Floats,
    anchors: Mapping[int, str],
    projection: GradeProjection | None,
) -> list[Look]:
    """Find at most five items, at most a third of all, the most urgent first.

    `plausible` has the best and worst rank of each of the n items, `contradictions` is (n,). Most
    urgent are contradictory comparisons and anchors that stand where their grade does not, then
    what is least certain: the grade, or without grades the rank.
    """
    urgent: list[tuple[float, Look]] = [
        *_contradictory(contradictions),
        *(_misplaced(anchors, projection) if projection else ()),
        *(_doubtful_grades(anchors, projection) if projection else _doubtful_ranks(plausible)),
    ]
    chosen: dict[int, Look] = {}
    for _, look in sorted(urgent, key=lambda each: (-each[0], each[1].item)):
        chosen.setdefault(look.item, look)
    return list(chosen.values())[: min(MOST, len(contradictions) // _ESSAYS_FOR_EACH)]


def contradictions(fit: EpsilonFit, table: VerdictTable) -> Floats:
    """How much more each item's verdicts contradict the scores than expected; (n,).

    The sum of (y - p)^2 - pq over an item's verdicts, in standard deviations of that sum
    (Wright & Masters 1982); 0 for an item without verdicts.
    """
    chance = fit.expected
    surprise = (table.share_first - chance) ** 2 - chance * (1 - chance)
    variance = chance * (1 - chance) * (1 - 2 * chance) ** 2
    spread = np.sqrt(per_end(table.first, table.second, table.weight * variance, table.n))
    total = per_end(table.first, table.second, table.weight * surprise, table.n)
    result: Floats = np.where(spread > 1e-6, total / np.maximum(spread, 1e-6), 0.0)  # noqa: PLR2004 nothing to go by
    return result


def _contradictory(values: Floats) -> Iterator[tuple[float, Look]]:
    for item in np.flatnonzero(values > CONTRADICTION).tolist():
        reason = "Its comparisons contradict one another more than chance explains."
        yield 1 + values[item], Look(item, reason)


def _misplaced(
    anchors: Mapping[int, str], projection: GradeProjection
) -> Iterator[tuple[float, Look]]:
    for item, grade in anchors.items():
        chance = float(projection.probabilities[item, projection.scale.index(grade)])
        if chance < UNLIKELY:
            place = projection.grades[item]
            reason = f"It was given {grade}, and stands where {place} would be expected."
            yield 2 - chance, Look(item, reason)


def _doubtful_grades(
    anchors: Mapping[int, str], projection: GradeProjection
) -> Iterator[tuple[float, Look]]:
    for item, (grade, chance) in enumerate(
        zip(projection.grades, projection.confidence.tolist(), strict=True)
    ):
        if item in anchors:
            continue
        others = projection.probabilities[item].copy()
        others[projection.scale.index(grade)] = 0
        other = projection.scale[int(others.argmax())]
        beyond = " It is beyond every anchor." if projection.outside[item] else ""
        reason = f"Its grade is uncertain: {grade} with {chance:.0%}, perhaps {other}.{beyond}"
        yield 1 - chance, Look(item, reason.replace("%", " %"))


def _doubtful_ranks(plausible: tuple[Ints, Ints]) -> Iterator[tuple[float, Look]]:
    for item, (best, worst) in enumerate(zip(*(side.tolist() for side in plausible), strict=True)):
        if worst > best:
            reason = f"Its place is uncertain: anywhere from {best} to {worst}."
            yield (worst - best) / len(plausible[0]), Look(item, reason)
