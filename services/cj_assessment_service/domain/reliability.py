"""How far a ranking can be trusted: for the engine, for people, and for comparison with others."""

import math

import numpy as np

from services.cj_assessment_service.domain.fit import Fit
from services.cj_assessment_service.domain.verdicts import Floats, Ints

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(x: Floats) -> Floats:
    """Phi(x). The one special function needed here, not worth 20 MB of scipy in a service."""
    values: Floats = 0.5 * np.asarray(_erfc(np.asarray(x) * -math.sqrt(0.5)), dtype=np.float64)
    return values


def reliability(fit: Fit) -> float:
    """Share of the variance of true scores that the estimates carry, 0..1.

    Var(mu) / (Var(mu) + tr(C V C) / n). Unlike the scale separation reliability it stays honest
    when pairs are chosen by what was seen before: V says how much of the spread is still prior.
    """
    if not fit.n:
        return 0.0
    signal = float(np.var(fit.scores))
    noise = float(fit.centred_variances.mean())
    return signal / (signal + noise) if signal + noise > 0 else 0.0


def concordance(fit: Fit) -> float:
    """Share of pairs that a repeat is expected to order the same way, .5..1.

    Mean over all pairs of Phi(|mu_i - mu_j| / sqrt(v_ij)); one item alone is always in order.
    """
    first, second = np.triu_indices(fit.n, 1)
    if not len(first):
        return 1.0
    distance = np.abs(fit.scores[first] - fit.scores[second])
    return float(normal_cdf(distance / np.sqrt(fit.difference_variances(first, second))).mean())


def ranks(scores: Floats) -> Ints:
    """Rank 1 is best; equal scores are ranked in the order given."""
    order = np.argsort(-scores, kind="stable")
    result = np.empty(len(scores), dtype=np.intp)
    result[order] = np.arange(1, len(scores) + 1)
    return result


def plausible_ranks(fit: Fit, *, share: float = 0.9, seed: int = 0) -> tuple[Ints, Ints]:
    """Best and worst rank of each item in the middle `share` of 1,000 posterior draws."""
    noise = np.random.default_rng(seed).standard_normal((1000, fit.n))
    if fit.covariance is None:
        draws = fit.scores + noise * np.sqrt(fit.variances)
    else:
        values, vectors = np.linalg.eigh(fit.covariance)
        draws = fit.scores + (noise * np.sqrt(np.maximum(values, 0))) @ vectors.T
    drawn = np.argsort(np.argsort(-draws, axis=1), axis=1) + 1
    tails = ((1 - share) / 2, (1 + share) / 2)
    low, high = np.quantile(drawn, tails, axis=0, method="nearest")
    own = ranks(fit.scores)
    return np.minimum(low, own).astype(np.intp), np.maximum(high, own).astype(np.intp)
