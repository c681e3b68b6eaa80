"""Scores for thousands of items: the posterior mode by a preconditioned conjugate-gradient Newton.

The model is that of `fit`, with all slopes 1 and degrees ignored; nothing is ever n by n. s^2 is
learnt as in `fit`, from likelihoods expected over the uncertainty of each difference (those at the
mode would be too sure), with the variances from Hutchinson's estimator with fixed probes and its
first term exact, and the covariance of two compared items to first order. The variances are a few
per cent rough, the scores the exact mode for that s^2.
"""

from collections.abc import Callable, Iterable

import numpy as np

from services.cj_assessment_service.domain.fit import (
    COMPARISONS_FOR_SIGMA,
    ORDER_SD,
    SIGMA_RANGE,
    START_SIGMA,
    Fit,
    JudgeEstimate,
    logistic,
)
from services.cj_assessment_service.domain.verdicts import (
    Floats,
    Verdict,
    VerdictTable,
    add_up,
    per_end,
    tabulate,
)

GRADIENT = 1e-7
_PROBES, _FINAL_PROBES = 4, 32
_ROUGHLY = 1e-2  # gradient, while s^2 still moves
_SIGMA_ROUNDS = 12
_NEWTON_STEPS = 50
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def fit_map(n: int, verdicts: Iterable[Verdict] | VerdictTable, *, start: Fit | None = None) -> Fit:
    """Mode of (theta, gamma) with s^2 learnt; every gradient component is below 1e-7 at the end."""
    table = tabulate(n, verdicts)
    judges = len(table.judges)
    size = n + judges
    mean = np.zeros(size)
    variance = START_SIGMA**2
    if start is not None:
        same = min(n, start.n)
        mean[:same] = start.scores[:same]
        variance = start.sigma**2
    learn_sigma = n > 0 and table.comparisons >= COMPARISONS_FOR_SIGMA * n
    diagonal = np.zeros(size)
    spread = np.zeros(len(table))
    for round_ in range(_SIGMA_ROUNDS):
        precision = np.concatenate([np.full(n, 1 / variance), np.full(judges, ORDER_SD**-2)])
        mean, _ = _mode(table, mean, precision, spread, _ROUGHLY)
        diagonal, spread = _uncertainty(table, mean, precision, spread, _PROBES)
        if not learn_sigma:
            break
        found = float(np.clip(np.mean(mean[:n] ** 2 + diagonal[:n]), *np.square(SIGMA_RANGE)))
        # Plain EM creeps: it goes on in the direction of its step for about two steps more.
        change = float(np.log(found / variance))
        if abs(change) < 1e-3 or round_ == _SIGMA_ROUNDS - 1:  # noqa: PLR2004 of the variance
            break
        variance = float(np.clip(variance * np.exp(2 * change), *np.square(SIGMA_RANGE)))
    precision = np.concatenate([np.full(n, 1 / variance), np.full(judges, ORDER_SD**-2)])
    diagonal, _ = _uncertainty(table, mean, precision, spread, _FINAL_PROBES)
    mean, converged = _mode(table, mean, precision, None, GRADIENT)
    per_judge = add_up(table.judge, table.weight, judges)
    return Fit(
        scores=mean[:n],
        variances=diagonal[:n],
        covariance=None,
        sigma=float(np.sqrt(variance)),
        judges=tuple(
            JudgeEstimate(
                judge=name,
                verdicts=float(per_judge[index]),
                order_effect=float(mean[n + index]),
                order_effect_se=float(np.sqrt(diagonal[n + index])),
                slope=1.0,
                cut=None,
            )
            for index, name in enumerate(table.judges)
        ),
        components=table.components,
        converged=converged,
    )


def gradient(table: VerdictTable, mean: Floats, sigma: float) -> Floats:
    """Of the log posterior, with respect to (theta, gamma)."""
    judges = len(table.judges)
    precision = np.concatenate([np.full(table.n, sigma**-2.0), np.full(judges, ORDER_SD**-2)])
    return _gradient(table, mean, precision, None)


def _margin(table: VerdictTable, mean: Floats) -> Floats:
    margin: Floats = mean[table.first] - mean[table.second] + mean[table.n + table.judge]
    return margin


def _chances(table: VerdictTable, mean: Floats, spread: Floats | None) -> tuple[Floats, Floats]:
    """P(first wins) of each row and p (1 - p), at the mean or expected over `spread`."""
    margin = _margin(table, mean)
    if spread is None:
        chance = logistic(margin)
        return chance, chance * (1 - chance)
    several = logistic(margin[:, None] + np.sqrt(spread)[:, None] * _NODES)
    return several @ _WEIGHTS, (several * (1 - several)) @ _WEIGHTS


def _gradient(
    table: VerdictTable, mean: Floats, precision: Floats, spread: Floats | None
) -> Floats:
    chance, _ = _chances(table, mean, spread)
    return _scatter(table, table.weight * (table.share_first - chance)) - precision * mean


def _scatter(table: VerdictTable, values: Floats) -> Floats:
    size = table.n + len(table.judges)
    total = add_up(table.first, values, size) - add_up(table.second, values, size)
    total += add_up(table.n + table.judge, values, size)
    return total


def _curvature(
    table: VerdictTable, mean: Floats, precision: Floats, spread: Floats | None
) -> tuple[Floats, Floats]:
    """Curvature of each row, and the diagonal of the Hessian."""
    curve = table.weight * _chances(table, mean, spread)[1]
    size = len(mean)
    diagonal = per_end(table.first, table.second, curve, size)
    return curve, diagonal + add_up(table.n + table.judge, curve, size) + precision


def _objective(
    table: VerdictTable, mean: Floats, precision: Floats, spread: Floats | None
) -> float:
    margin = _margin(table, mean)
    if spread is None:
        normaliser = np.logaddexp(0.0, margin)
    else:
        normaliser = np.logaddexp(0.0, margin[:, None] + np.sqrt(spread)[:, None] * _NODES)
        normaliser = normaliser @ _WEIGHTS
    likelihood = table.weight @ (table.share_first * margin - normaliser)
    return float(likelihood - 0.5 * precision @ mean**2)


def _mode(
    table: VerdictTable, mean: Floats, precision: Floats, spread: Floats | None, enough: float
) -> tuple[Floats, bool]:
    value = _objective(table, mean, precision, spread)
    for _ in range(_NEWTON_STEPS):
        slope = _gradient(table, mean, precision, spread)
        size = float(np.abs(slope).max(initial=0.0))
        if size < enough:
            return mean, True
        curve, diagonal = _curvature(table, mean, precision, spread)

        def times(x: Floats, curve: Floats = curve) -> Floats:
            return _scatter(table, curve * _margin(table, x)) + precision * x

        step = _solve(times, diagonal, slope, tolerance=min(0.1, np.sqrt(size)) * 0.1)
        scale = 1.0
        while scale > 1e-4:  # noqa: PLR2004 the objective is concave: a shorter step always helps
            trial = mean + scale * step
            better = _objective(table, trial, precision, spread)
            if better >= value - 1e-9 * abs(value):
                break
            scale /= 2
        mean, value = mean + scale * step, better
    return mean, False


def _solve(
    times: Callable[[Floats], Floats], diagonal: Floats, right: Floats, *, tolerance: float
) -> Floats:
    """Conjugate gradients with the diagonal as preconditioner, to a relative residual."""
    x = np.zeros_like(right)
    residual = right.copy()
    direction = residual / diagonal
    product = residual @ direction
    goal = tolerance * float(np.linalg.norm(right))
    for _ in range(len(right)):
        if float(np.linalg.norm(residual)) <= goal:
            break
        image = times(direction)
        length = product / (direction @ image)
        x += length * direction
        residual -= length * image
        scaled = residual / diagonal
        product, before = residual @ scaled, product
        direction = scaled + (product / before) * direction
    return x


def _uncertainty(
    table: VerdictTable, mean: Floats, precision: Floats, spread: Floats, probes: int
) -> tuple[Floats, Floats]:
    """diag(H^-1), as 1/d plus a probed remainder, and the variance of each row's margin."""
    size = len(mean)
    curve, diagonal = _curvature(table, mean, precision, spread)

    def times(x: Floats) -> Floats:
        return _scatter(table, curve * _margin(table, x)) + precision * x

    rng = np.random.default_rng(size)
    rest = np.zeros(size)
    for _ in range(probes):
        probe = rng.choice([-1.0, 1.0], size)
        rest += probe * _solve(times, diagonal, probe - times(probe / diagonal), tolerance=1e-3)
    variances = np.clip(1 / diagonal + rest / probes, 0.9 / diagonal, 1 / precision)
    first, second = table.first, table.second
    shared = 2 * curve / (diagonal[first] * diagonal[second])
    margins = variances[first] + variances[second] - shared + variances[table.n + table.judge]
    return variances, np.maximum(margins, 0.0)
