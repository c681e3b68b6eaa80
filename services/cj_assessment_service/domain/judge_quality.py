"""Which judges disagree with the rest more than chance, favour a side, or contradict themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.cj_assessment_service.domain.epsilon import EpsilonFit, fit_epsilon, infit
from services.cj_assessment_service.domain.fit import Fit, fit, logistic
from services.cj_assessment_service.domain.verdicts import (
    Floats,
    Verdict,
    VerdictTable,
    add_up,
    tabulate,
)

VERDICTS_TO_FLAG = 30
INFIT_LIMIT = 1.3
Z_LIMIT = -2.0
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class JudgeQuality:
    """One judge beside the others.

    `infit` is 1 where the judge errs as often as expected; `z` is how well the scores that the
    other judges give foresee this judge's verdicts, 0 as well as expected, below -2 suspicious,
    None where the others say too little. `swap_consistency` is the share of pairs shown in both
    orders that were judged alike, None where there are none. `order_effect` is in logits.
    `agreement` is the share of its verdicts for the item that all verdicts together put higher, a
    tie counting half.
    """

    judge: str
    verdicts: float
    order_effect: float
    order_effect_se: float
    slope: float
    infit: float
    z: float | None
    swap_consistency: float | None
    agreement: float
    flagged: bool


def judge_quality(
    n: int, verdicts: Iterable[Verdict] | VerdictTable, overall: Fit | None = None
) -> list[JudgeQuality]:
    """Every judge, by name. Refits once per judge, warm: do not call it after each verdict."""
    table = tabulate(n, verdicts)
    overall = overall if overall is not None else fit(n, table)
    epsilon: EpsilonFit = fit_epsilon(n, table)
    misfit = infit(epsilon, table)
    result = []
    for index, estimate in enumerate(overall.judges):
        mine = table.judge == index
        z = _foreseen(
            table.only(mine), fit(n, table.only(~mine), start=overall), estimate.order_effect
        )
        enough = estimate.verdicts >= VERDICTS_TO_FLAG
        result.append(
            JudgeQuality(
                judge=estimate.judge,
                verdicts=estimate.verdicts,
                order_effect=estimate.order_effect,
                order_effect_se=estimate.order_effect_se,
                slope=estimate.slope,
                infit=misfit[estimate.judge],
                z=z,
                swap_consistency=_swap_consistency(table.only(mine)),
                agreement=_agreement(table.only(mine), overall.scores),
                flagged=enough
                and (misfit[estimate.judge] > INFIT_LIMIT or (z is not None and z < Z_LIMIT)),
            )
        )
    return result


def _foreseen(mine: VerdictTable, others: Fit, order_effect: float) -> float | None:
    """Score test of this judge's slope against 1, given the posterior of the other judges.

    sum w d (y - E p) over its standard deviation: the variance of the verdicts, and that of the
    scores they share.
    """
    if others.covariance is None or not len(mine):
        return None
    distance = others.scores[mine.first] - others.scores[mine.second]
    variance = others.difference_variances(mine.first, mine.second)
    x = distance[:, None] + order_effect + np.sqrt(variance)[:, None] * _NODES
    chance = logistic(x)
    mean, curve = chance @ _WEIGHTS, (chance * (1 - chance)) @ _WEIGHTS
    pull = float(mine.weight @ (distance * (mine.share_first - mean)))
    shared = mine.weight * distance * curve
    along = add_up(mine.first, shared, mine.n) - add_up(mine.second, shared, mine.n)
    spread: Floats = mine.weight * distance**2 * curve
    total = float(spread.sum() + along @ others.covariance @ along)
    return pull / np.sqrt(total) if total > 1e-9 else None  # noqa: PLR2004 the others say nothing


def _agreement(mine: VerdictTable, scores: Floats) -> float:
    side = np.sign(scores[mine.first] - scores[mine.second])
    return float(np.average((1 + side * mine.outcome) / 2, weights=mine.weight))


def _swap_consistency(mine: VerdictTable) -> float | None:
    """Share of agreement between the two orders of the pairs that were shown in both."""
    won: dict[tuple[int, int], list[float]] = {}
    columns = (mine.first, mine.second, mine.outcome, mine.weight)
    for first, second, outcome, weight in zip(*(c.tolist() for c in columns), strict=True):
        total = won.setdefault((first, second), [0.0, 0.0])
        total[0] += outcome * weight
        total[1] += weight
    both = [
        total[0] / total[1] * won[second, first][0] / won[second, first][1]
        for (first, second), total in won.items()
        if first < second and (second, first) in won
    ]
    return float(np.mean([(1 - product) / 2 for product in both])) if both else None
