"""The variational Bradley-Terry fit: scores with honest errors, and what each judge is like.

Model: P(first wins) = logistic(a_r (theta_f - theta_g) + gamma_r) for judge r, with
theta ~ N(0, s^2), order effect gamma_r ~ N(0, .5^2) and log slope log a_r ~ N(0, .25^2).
(Bradley & Terry 1952; order effect: Davidson & Beaver 1977.) The posterior of (theta, gamma) is
approximated by the Gaussian that is closest in Kullback-Leibler divergence (Opper & Archambeau
2009), s^2 by its maximum given that, found with a parameter expansion (Liu, Rubin & Wu 1998).
The maximum likelihood estimate does not exist at the densities of a class set, so the prior is
not optional.

Each verdict is an interval of the latent difference plus logistic noise: (0, inf) where the first
won; with a degree that means something, (cut, inf) for "clearly" and (0, cut) for "slightly".
A tie is half a verdict each way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.cj_assessment_service.domain.verdicts import (
    Floats,
    Ints,
    Verdict,
    VerdictTable,
    add_up,
    tabulate,
)

NO_PRIOR = (0.0, 0.0)
START_SIGMA = 1.5
SIGMA_RANGE = (0.05, 6.0)  # a judge who never errs carries no scale: the fit would run away
ORDER_SD = 0.5
LOG_SLOPE_SD = 0.25
MEAN_SD = 10.0  # of the new items beside known ones
VERDICTS_FOR_A_SLOPE = 30
VERDICTS_FOR_A_CUT = 30
DEGREE_EVIDENCE = 2.0  # nats by which the degree must be better predicted than by its base rate
_CUT_GRID = np.linspace(0.1, 6.0, 60)
_LARGEST_STEP = 1.5
_TOLERANCE = 1e-7
_ITERATIONS = 200
COMPARISONS_FOR_SIGMA = 1.0  # per item; with fewer the spread cannot be told from noise
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class JudgeEstimate:
    """`order_effect` in logits towards the text shown first; `slope` relative to the others.

    The geometric mean of the slopes is 1. `cut` is None where degrees were not used.
    """

    judge: str
    verdicts: float
    order_effect: float
    order_effect_se: float
    slope: float
    cut: float | None


@dataclass(frozen=True)
class Fit:
    """Scores of n items in logits, mean 0 (unless some have a prior of their own).

    `covariance` is (n, n), or None where only `variances` (n,) were estimated.
    `sigma` is the standard deviation of true quality, in logits.
    """

    scores: Floats
    variances: Floats
    covariance: Floats | None
    sigma: float
    judges: tuple[JudgeEstimate, ...]
    components: tuple[tuple[int, ...], ...]
    converged: bool = True

    @property
    def n(self) -> int:
        return len(self.scores)

    @property
    def centred_variances(self) -> Floats:
        """Variance of each score relative to the mean of all, the diagonal of C V C."""
        if self.covariance is None or not self.n:
            return self.variances
        centred = self.covariance - self.covariance.mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        return np.maximum(np.diag(centred), 0.0)

    @property
    def standard_errors(self) -> Floats:
        errors: Floats = np.sqrt(self.centred_variances)
        return errors

    def difference_variances(self, first: Ints, second: Ints) -> Floats:
        total: Floats = self.variances[first] + self.variances[second]
        if self.covariance is not None:
            total = total - 2 * self.covariance[first, second]
        return np.maximum(total, 1e-12)


@dataclass(frozen=True)
class _Rows:
    """Half-open intervals of the latent difference; `lo` and `hi` are multiples of the cut."""

    first: Ints
    second: Ints
    judge: Ints
    lo: Floats
    hi: Floats
    weight: Floats


@dataclass
class _State:
    """mean and covariance of (theta, gamma), and the point estimates beside them."""

    mean: Floats
    covariance: Floats
    variance: float
    log_slope: Floats
    cut: Floats


def fit(
    n: int,
    verdicts: Iterable[Verdict] | VerdictTable,
    *,
    start: Fit | None = None,
    sigma_prior: tuple[float, float] = NO_PRIOR,
    known: Mapping[int, tuple[float, float]] | None = None,
) -> Fit:
    """Fit n items.

    `start` is an earlier fit of the first items of this batch: it shortens the way and does not
    change where it ends. `sigma_prior` is (alpha, beta) of an inverse gamma on s^2, none by
    default. `known` gives items that were measured before, such as anchors, as (score, variance).
    Cost: O(n^3) an iteration, about 10 of them.
    """
    table = tabulate(n, verdicts)
    state = _start(table, start)
    prior_mean, prior_variance = _known(n, known or {})
    degrees = np.zeros(len(table.judges), dtype=bool)
    given = sigma_prior, prior_mean, prior_variance
    converged = _climb(state, _rows(table, degrees), table, *given)
    degrees = _meaningful_degrees(table, state)
    if degrees.any():
        converged = _climb(state, _rows(table, degrees), table, *given)
    return _result(table, state, degrees, converged=converged)


def _known(n: int, known: Mapping[int, tuple[float, float]]) -> tuple[Floats, Floats]:
    mean, variance = np.zeros(n), np.full(n, np.nan)
    for item, (score, uncertainty) in known.items():
        mean[item], variance[item] = score, uncertainty
    return mean, variance


def _start(table: VerdictTable, start: Fit | None) -> _State:
    n, judges = table.n, len(table.judges)
    state = _State(
        np.zeros(n + judges), np.zeros((0, 0)), START_SIGMA**2, np.zeros(judges), np.ones(judges)
    )
    if start is not None:
        same = min(n, start.n)
        state.mean[:same] = start.scores[:same]
        if start.sigma > 0:  # a fit by other means may find no spread at all
            state.variance = start.sigma**2
        before = {judge.judge: judge for judge in start.judges}
        for index, name in enumerate(table.judges):
            if name in before:
                state.mean[n + index] = before[name].order_effect
                state.log_slope[index] = np.log(before[name].slope)
    return state


def _rows(table: VerdictTable, degrees: npt.NDArray[np.bool_]) -> _Rows:
    """Verdicts as intervals; a tie becomes two rows of half the weight."""
    tie = table.outcome == 0
    rows = np.concatenate([np.arange(len(table)), np.flatnonzero(tie)])
    half = len(table)
    won = table.outcome[rows].astype(float)
    won[:half][tie] = 1.0
    won[half:] = -1.0
    weight = table.weight[rows] * np.where(tie[rows], 0.5, 1.0)
    graded = degrees[table.judge[rows]] & ((table.degree[rows] > 0) | tie[rows])
    clearly = graded & (table.degree[rows] == 2) & ~tie[rows]  # noqa: PLR2004 the wire's "clearly"
    near = np.where(clearly, 1.0, 0.0)
    far = np.where(graded & ~clearly, 1.0, np.inf)
    lo = np.where(won > 0, near, -far)
    hi = np.where(won > 0, far, -near)
    return _Rows(table.first[rows], table.second[rows], table.judge[rows], lo, hi, weight)


def invert(matrix: Floats) -> Floats:
    return np.linalg.inv(matrix).astype(np.float64, copy=False)


def logistic(x: Floats) -> Floats:
    value: Floats = 0.5 * (1.0 + np.tanh(0.5 * x))
    return value


def _climb(
    state: _State,
    rows: _Rows,
    table: VerdictTable,
    sigma_prior: tuple[float, float],
    prior_mean: Floats,
    prior_variance: Floats,
) -> bool:
    n, judges = table.n, len(table.judges)
    size = n + judges
    known = ~np.isnan(prior_variance)
    free = ~known
    gamma = n + rows.judge
    per_judge = add_up(table.judge, table.weight, judges)
    sloped = per_judge >= VERDICTS_FOR_A_SLOPE
    if sloped.sum() < 2:  # noqa: PLR2004 a slope is relative to another judge's
        sloped[:] = False
    centre = np.concatenate([np.where(known, prior_mean, 0.0), np.zeros(judges)])
    learn_sigma = free.any() and table.comparisons >= COMPARISONS_FOR_SIGMA * n
    largest = _LARGEST_STEP
    before = np.inf
    for iteration in range(_ITERATIONS):
        precision = _prior_precision(state.variance, prior_variance, judges)
        slope = np.exp(state.log_slope)[rows.judge]
        if not state.covariance.size:
            state.covariance = invert(precision)
        spread, mixed, order = _row_variances(state.covariance, rows, gamma)
        distance = state.mean[rows.first] - state.mean[rows.second]
        x_mean = slope * distance + state.mean[gamma]
        x_variance = np.maximum(slope**2 * spread + 2 * slope * mixed + order, 0.0)
        cut = state.cut[rows.judge]
        pull, curve = _expectations(x_mean, x_variance, rows.lo * cut, rows.hi * cut)
        pull, curve = rows.weight * pull, rows.weight * curve

        information = _information(rows, gamma, slope, curve, size)
        information += precision
        state.covariance = invert(information)
        gradient = (
            add_up(rows.first, slope * pull, size)
            - add_up(rows.second, slope * pull, size)
            + add_up(gamma, pull, size)
            - precision @ (state.mean - centre)
        )
        step = state.covariance @ gradient
        move = float(np.abs(step).max(initial=0.0))
        if iteration > 20 and move > before:  # noqa: PLR2004 patience before it is called a swing
            largest = max(largest / 2, 1e-3)
        before = move
        state.mean = state.mean + step * min(1.0, largest / max(move, 1e-300))

        # d log-likelihood / d log a, and its curvature; the difference and x are correlated.
        with_x = slope * spread + mixed
        slope_pull = slope * (distance * pull - with_x * curve)
        slope_curve = slope**2 * (distance**2 + spread) * curve
        change = _new_slopes(state, rows, sloped, slope_pull, slope_curve)
        change = max(change, _new_cuts(state, rows, x_mean, x_variance))
        if learn_sigma:
            scale_pull = (slope_pull.sum(), slope_curve.sum()) if free.all() else None
            change = max(change, _new_variance(state, free, sigma_prior, scale_pull))
        if move < _TOLERANCE and change < _TOLERANCE:
            return True
    return False


def _new_variance(
    state: _State,
    free: npt.NDArray[np.bool_],
    sigma_prior: tuple[float, float],
    scale_pull: tuple[float, float] | None,
) -> float:
    """One expectation-maximisation step for s^2; returns the change.

    `scale_pull`, the first and second derivative by a slope common to all, speeds it up.
    """
    alpha, beta = sigma_prior
    count = int(free.sum())
    mean = state.mean[: len(free)][free]
    diagonal = np.diag(state.covariance)[: len(free)][free]
    if not free.all():
        mean = mean - mean.mean()
    squares = float((mean**2 + diagonal).sum())
    variance = (squares + 2 * beta) / (count + (2 * alpha + 2 if beta else 0))
    if scale_pull is not None:
        pull, curve = scale_pull
        prior = -2 * (alpha + 1) + 2 * beta / variance if beta else 0.0
        variance *= float(np.exp(2 * np.clip((pull + prior) / (curve + count), -0.5, 0.5)))
    before = state.variance
    state.variance = float(np.clip(variance, SIGMA_RANGE[0] ** 2, SIGMA_RANGE[1] ** 2))
    # Near zero the logarithm never settles, and nothing depends on it any more.
    return float(abs(np.log(state.variance / before))) * min(1.0, 10 * state.variance)


def _prior_precision(variance: float, known: Floats, judges: int) -> Floats:
    """Precision of the prior of (theta, gamma); where items are known, the others' mean is free."""
    free = np.isnan(known)
    diagonal = np.concatenate(
        [np.where(free, 1.0 / variance, 1.0 / known), np.full(judges, ORDER_SD**-2)]
    )
    precision = np.diag(diagonal)
    if not free.all():
        shared = 1 / (variance**2 / MEAN_SD**2 + int(free.sum()) * variance)
        precision[np.ix_(np.flatnonzero(free), np.flatnonzero(free))] -= shared
    return precision


def _row_variances(covariance: Floats, rows: _Rows, gamma: Ints) -> tuple[Floats, Floats, Floats]:
    """Per row: variance of theta_f - theta_g, its covariance with gamma, variance of gamma."""
    diagonal = np.diag(covariance)
    spread = diagonal[rows.first] + diagonal[rows.second]
    spread = spread - 2 * covariance[rows.first, rows.second]
    mixed = covariance[rows.first, gamma] - covariance[rows.second, gamma]
    return np.maximum(spread, 0.0), mixed, diagonal[gamma]


def _expectations(mean: Floats, variance: Floats, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Take the expected first and negative second derivative of log P(lo < x + noise < hi).

    For logistic noise they are F(hi-x) + F(lo-x) - 1 and f(hi-x) + f(lo-x), x ~ N(mean, variance).
    """
    x = mean[:, None] + np.sqrt(variance)[:, None] * _NODES
    below, above = logistic(lo[:, None] - x), logistic(hi[:, None] - x)
    pull = (below + above - 1.0) @ _WEIGHTS
    curve = (below * (1 - below) + above * (1 - above)) @ _WEIGHTS
    return pull, curve


def _information(rows: _Rows, gamma: Ints, slope: Floats, curve: Floats, size: int) -> Floats:
    ends = ((rows.first, slope), (rows.second, -slope), (gamma, np.ones_like(slope)))
    total = np.zeros(size * size)
    for one, weight_one in ends:
        for other, weight_other in ends:
            total += add_up(one * size + other, weight_one * weight_other * curve, size * size)
    return total.reshape(size, size)


def _new_slopes(
    state: _State, rows: _Rows, sloped: npt.NDArray[np.bool_], pull: Floats, curve: Floats
) -> float:
    """One Newton step for each judge's log slope, their mean held at 0; returns the change."""
    if not sloped.any():
        return 0.0
    judges = len(state.log_slope)
    precision = LOG_SLOPE_SD**-2
    gradient = add_up(rows.judge, pull, judges) - precision * state.log_slope
    step = gradient / (add_up(rows.judge, curve, judges) + precision)
    moved = np.where(sloped, state.log_slope + np.clip(step, -0.5, 0.5), 0.0)
    moved[sloped] -= moved[sloped].mean()
    change = float(np.abs(moved - state.log_slope).max())
    state.log_slope = moved
    return change


def _new_cuts(state: _State, rows: _Rows, mean: Floats, variance: Floats) -> float:
    """One scoring step for the log cut of each judge whose degrees are used."""
    graded = (np.abs(rows.lo) == 1) | (np.abs(rows.hi) == 1)
    if not graded.any():
        return 0.0
    judge, weight = rows.judge[graded], rows.weight[graded]
    lo, hi = rows.lo[graded][:, None], rows.hi[graded][:, None]
    cut = state.cut[judge][:, None]
    x = mean[graded][:, None] + np.sqrt(variance[graded])[:, None] * _NODES
    below, above = logistic(lo * cut - x), logistic(hi * cut - x)
    inside = np.maximum(above - below, 1e-12)
    signed_lo, signed_hi = (np.where(np.isinf(end), 0.0, end) for end in (lo, hi))
    score = (signed_hi * above * (1 - above) - signed_lo * below * (1 - below)) / inside * cut
    judges = len(state.cut)
    gradient = add_up(judge, weight * (score @ _WEIGHTS), judges)
    curvature = add_up(judge, weight * (score**2 @ _WEIGHTS), judges)
    step = np.clip(gradient / np.maximum(curvature, 1e-9), -0.5, 0.5)
    state.cut = np.clip(state.cut * np.exp(step), 0.05, 8.0)
    return float(np.abs(step).max())


def _meaningful_degrees(table: VerdictTable, state: _State) -> npt.NDArray[np.bool_]:
    """Tell the judges who say "clearly" where the scores differ more from those at random.

    Compares the likelihood of the degrees given the winners under the best cut with that under
    their base rate; also sets the cut to start from.
    """
    judges = len(table.judges)
    real = np.zeros(judges, dtype=bool)
    slope = np.exp(state.log_slope)
    for judge in range(judges):
        mine = (table.judge == judge) & (table.degree > 0) & (table.outcome != 0)
        weight = table.weight[mine]
        clearly = table.degree[mine] == 2  # noqa: PLR2004 the wire's "clearly"
        share = float(weight[clearly].sum() / max(weight.sum(), 1e-12))
        if weight.sum() < VERDICTS_FOR_A_CUT or not 0 < share < 1:
            continue
        distance = state.mean[table.first[mine]] - state.mean[table.second[mine]]
        towards = (slope[judge] * distance + state.mean[table.n + judge]) * table.outcome[mine]
        chance = logistic(towards[:, None] - _CUT_GRID) / logistic(towards)[:, None]
        chance = np.clip(chance, 1e-9, 1 - 1e-9)
        gain = weight @ np.where(clearly[:, None], np.log(chance), np.log(1 - chance))
        base = weight @ np.where(clearly, np.log(share), np.log(1 - share))
        best = int(np.argmax(gain))
        real[judge] = gain[best] > base + DEGREE_EVIDENCE
        state.cut[judge] = _CUT_GRID[best]
    return real


def _result(
    table: VerdictTable, state: _State, degrees: npt.NDArray[np.bool_], *, converged: bool
) -> Fit:
    n = table.n
    per_judge = add_up(table.judge, table.weight, len(table.judges))
    judges = tuple(
        JudgeEstimate(
            judge=name,
            verdicts=float(per_judge[index]),
            order_effect=float(state.mean[n + index]),
            order_effect_se=float(np.sqrt(state.covariance[n + index, n + index])),
            slope=float(np.exp(state.log_slope[index])),
            cut=float(state.cut[index]) if degrees[index] else None,
        )
        for index, name in enumerate(table.judges)
    )
    covariance = state.covariance[:n, :n].copy()
    return Fit(
        scores=state.mean[:n].copy(),
        variances=np.diag(covariance).copy(),
        covariance=covariance,
        sigma=float(np.sqrt(state.variance)),
        judges=judges,
        components=table.components,
        converged=converged,
    )
