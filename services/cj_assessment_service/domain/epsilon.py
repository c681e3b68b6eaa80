"""The epsilon-adjusted estimates that other comparative-judgement tools report.

Each item's wins W out of N become eps + (1 - 2 eps / N) W, which keeps every estimate finite and
takes most of the bias out (Bertoli-Barsotti & Punzo 2012; eps = .3 is the usual choice, 0 gives
maximum likelihood). The adjusted wins of all items need not add up to the comparisons; the
surplus is spread in proportion to each item's information, which is where the customary
one-item-at-a-time Newton iteration with centring ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.cj_assessment_service.domain.fit import invert, logistic
from services.cj_assessment_service.domain.verdicts import (
    Floats,
    Verdict,
    VerdictTable,
    add_up,
    per_end,
    tabulate,
)

UNKNOWN = 99.0  # the standard error of an item without a comparison, in logits
FURTHEST = 30.0
_ITERATIONS = 200


@dataclass(frozen=True)
class EpsilonFit:
    """Scores in logits, mean 0 in each component; standard errors from each item's information.

    `covariance` is the inverse information of scores and order effect together, for contrasts.
    `converged` is false where no finite estimate exists (only with eps = 0).
    """

    scores: Floats
    standard_errors: Floats
    contrasts: Floats
    order_effect: float
    order_effect_se: float
    expected: Floats  # P(first wins), per row of the table
    components: tuple[tuple[int, ...], ...]
    converged: bool


def fit_epsilon(
    n: int,
    verdicts: Iterable[Verdict] | VerdictTable,
    *,
    epsilon: float = 0.3,
    order_effect: bool = False,
) -> EpsilonFit:
    """Estimate n scores, and with `order_effect` one advantage of the text shown first."""
    table = tabulate(n, verdicts)
    first, second, weight = table.first, table.second, table.weight
    played = table.per_item
    wins = add_up(first, weight * table.share_first, n)
    wins += add_up(second, weight * (1 - table.share_first), n)
    eps = np.minimum(epsilon, 0.45 * played)
    adjusted = eps + (1 - 2 * eps / np.maximum(played, 1e-12)) * wins
    centring = _centring(n, table.components)
    size = n + 1
    scores: Floats = np.zeros(n)
    gamma = 0.0
    converged = not len(table)
    expected = np.full(len(table), 0.5)
    inverse: Floats = np.zeros((size, size))
    information = np.zeros(n)
    for _ in range(_ITERATIONS):
        expected = logistic(scores[first] - scores[second] + gamma)
        curve = np.maximum(weight * expected * (1 - expected), 1e-12)
        information = per_end(first, second, curve, n)
        surplus = adjusted - add_up(first, weight * expected, n)
        surplus -= add_up(second, weight * (1 - expected), n)
        # Whole components share their surplus out by information: their mean is not estimable.
        share = (centring @ surplus) / np.maximum(centring @ information, 1e-300)
        gradient = np.append(surplus - share * information, 0.0)
        hessian = np.zeros((size, size))
        hessian[:n, :n] = np.diag(information) + centring
        for one, other in ((first, second), (second, first)):
            hessian[:n, :n] -= add_up(one * n + other, curve, n * n).reshape(n, n)
        if order_effect:
            gradient[n] = weight @ (table.share_first - expected)
            hessian[n, :n] = add_up(first, curve, n) - add_up(second, curve, n)
            hessian[:n, n] = hessian[n, :n]
            hessian[n, n] = curve.sum() + 1e-12
        else:
            hessian[n, n] = 1.0
        # Centring makes it regular, but for an order effect that cannot be told from the scores.
        inverse = (
            np.linalg.pinv(hessian, rcond=1e-13, hermitian=True).astype(np.float64)
            if order_effect
            else invert(hessian)
        )
        step = inverse @ gradient
        largest = float(np.abs(step).max(initial=0.0))
        step *= min(1.0, 1.0 / max(largest, 1e-300))
        scores = np.clip(scores + step[:n], -FURTHEST, FURTHEST)
        scores -= centring @ scores
        gamma = float(np.clip(gamma + step[n], -FURTHEST, FURTHEST))
        if largest < 1e-10:  # noqa: PLR2004 logits; Newton converges quadratically
            converged = True
            break
    errors = np.where(
        played > 0, np.minimum(1 / np.sqrt(np.maximum(information, 1e-9)), UNKNOWN), UNKNOWN
    )
    return EpsilonFit(
        scores=scores,
        standard_errors=errors,
        contrasts=inverse[:n, :n],
        order_effect=gamma,
        order_effect_se=float(np.sqrt(max(inverse[n, n], 0.0))) if order_effect else 0.0,
        expected=expected,
        components=table.components,
        converged=converged,
    )


def _centring(n: int, components: tuple[tuple[int, ...], ...]) -> Floats:
    """Build the matrix that replaces each value by the mean of its component."""
    matrix = np.zeros((n, n))
    for component in components:
        matrix[np.ix_(component, component)] = 1 / len(component)
    return matrix


def ssr(fit: EpsilonFit) -> float:
    """Scale separation reliability 1 - mean(SE^2) / Var(score), at least 0.

    For comparison with other tools only, and only where pairs were not chosen adaptively
    (Bramley & Vitello 2019): there it flatters. Items without a comparison are left out.
    """
    known = fit.standard_errors < UNKNOWN
    if known.sum() < 2:  # noqa: PLR2004 a variance needs two
        return 0.0
    variance = float(np.var(fit.scores[known], ddof=1))
    if variance <= 0:
        return 0.0
    return max(0.0, 1 - float(np.mean(fit.standard_errors[known] ** 2)) / variance)


def infit(fit: EpsilonFit, verdicts: VerdictTable) -> dict[str, float]:
    """Per judge: squared residuals over their expectation, 1 where the judge errs as expected."""
    chance = fit.expected * (1 - fit.expected)
    squares = (verdicts.share_first - fit.expected) ** 2
    count = len(verdicts.judges)
    found = np.bincount(verdicts.judge, verdicts.weight * squares, count)
    due = np.bincount(verdicts.judge, verdicts.weight * chance, count)
    return dict(zip(verdicts.judges, (found / np.maximum(due, 1e-12)).tolist(), strict=True))
