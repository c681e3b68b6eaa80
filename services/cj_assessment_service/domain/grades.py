"""Grades from anchors: an ordered probit on the scores of essays whose grades are known.

P(grade <= k | theta) = Phi((c_k - mu) / sqrt(s_g^2 + V)). The cuts c and the noise s_g between
judges and teacher are the maximum of the posterior: the gaps between cuts are log-normal around
the spacing that the scale would have in a usual class, s_g is log-normal around what the
correlation of anchors' scores with their grades suggests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.cj_assessment_service.domain.reliability import normal_cdf
from services.cj_assessment_service.domain.verdicts import Floats

SWEDISH = ("F", "E", "D", "C", "B", "A")
LEAST_ANCHORS = 4
LEAST_GRADES = 3
LEAST_CORRELATION = 0.3
RECOMMENDED_ANCHORS = 12
_SCALE_WIDTH = 4.2  # a usual class spans about +-2.1 standard deviations over the whole scale
_GAP_SD = 0.35
_CENTRE_SD = 1.0  # of the mean cut around where the anchors put it, in population SDs
_NOISE_SD = 0.3
_PRIOR_CORRELATION, _PRIOR_WEIGHT = 0.75, 4


@dataclass(frozen=True)
class Refusal:
    """Why no grades are given, as a sentence for the teacher."""

    reason: str


@dataclass(frozen=True)
class GradeProjection:
    """Grades of n items on a scale of K grades, lowest first.

    `probabilities` is (n, K); `grades` is the median of each row and `confidence` its probability.
    `outside` marks scores beyond the anchors' range, `near_boundary` scores within one standard
    error of a cut. `cuts` is (K - 1,) and `noise` the judge-teacher standard deviation, in logits.
    """

    scale: tuple[str, ...]
    probabilities: Floats
    grades: tuple[str, ...]
    confidence: Floats
    outside: tuple[bool, ...]
    near_boundary: tuple[bool, ...]
    cuts: Floats
    noise: float


def grades(
    scores: Floats,
    variances: Floats,
    anchors: Mapping[int, str],
    scale: Sequence[str] = SWEDISH,
) -> GradeProjection | Refusal:
    """Project every item's grade; `anchors` gives known grades by item, `scale` is lowest first."""
    scale = tuple(scale)
    refusal = _refusal(scores, anchors, scale)
    if refusal is not None:
        return refusal
    items = np.array(sorted(anchors), dtype=np.intp)
    given = np.array([scale.index(anchors[item]) for item in items.tolist()], dtype=np.intp)
    spread = float(np.sqrt(np.var(scores) + np.mean(variances)))
    cuts, noise, doubt = _calibrate(scores[items], variances[items], given, len(scale), spread)
    return _project(scores, variances, scores[items], cuts, noise, doubt, scale)


def _refusal(scores: Floats, anchors: Mapping[int, str], scale: tuple[str, ...]) -> Refusal | None:
    unknown = sorted({grade for grade in anchors.values() if grade not in scale})
    distinct = len(set(anchors.values()))
    if len(set(scale)) != len(scale) or len(scale) < 2:  # noqa: PLR2004 one grade is no scale
        reason = "A scale is a list of at least two different grades, the lowest first."
    elif unknown:
        reason = f"The scale {', '.join(scale)} has no grade {', '.join(unknown)}."
    elif any(not 0 <= item < len(scores) for item in anchors):
        reason = "An anchor is not among the essays."
    elif len(anchors) < LEAST_ANCHORS:
        reason = (
            f"Grades need at least {LEAST_ANCHORS} anchors, better {RECOMMENDED_ANCHORS}; "
            f"there are {len(anchors)}."
        )
    elif distinct < min(LEAST_GRADES, len(scale)):
        reason = f"The anchors have {distinct} different grades; {LEAST_GRADES} are needed."
    else:
        return _disagreement(scores, anchors, scale)
    return Refusal(reason)


def _disagreement(
    scores: Floats, anchors: Mapping[int, str], scale: tuple[str, ...]
) -> Refusal | None:
    places = np.array([scale.index(grade) for grade in anchors.values()], dtype=np.float64)
    correlation = _correlation(scores[list(anchors)], places)
    if correlation < 0:
        return Refusal("The anchors' grades run against the ranking: the better grade, the lower.")
    if correlation < LEAST_CORRELATION:
        return Refusal(
            f"The anchors' grades hardly agree with the ranking (correlation {correlation:.2f}, "
            f"needed {LEAST_CORRELATION:.1f})."
        )
    return None


def _correlation(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0


def _calibrate(
    theta: Floats, variance: Floats, given: np.ndarray, count: int, spread: float
) -> tuple[Floats, float, Floats]:
    """Estimate the cuts, the noise, and the posterior variance of each cut."""
    spread = max(spread, 1e-3)
    gap = spread * _SCALE_WIDTH / count
    place = (np.arange(count) + 0.5 - count / 2) * gap  # the expected position of each grade
    noise_guess = _noise_guess(theta, variance, place[given], spread)
    # Where the anchors put the middle of the scale; the least sure of the priors.
    middle = float(np.mean(theta - place[given]))
    first, last = middle - gap * (count / 2 - 1), count - 2

    def parts(x: Floats) -> tuple[Floats, float]:
        gaps = gap * np.exp(_GAP_SD * x[1 : 1 + last])
        start = first + _CENTRE_SD * spread * x[0]
        return start + np.concatenate([[0.0], np.cumsum(gaps)]), float(
            noise_guess * np.exp(_NOISE_SD * x[-1])
        )

    def loss(x: Floats) -> float:
        cuts, noise = parts(x)
        width = np.sqrt(noise**2 + variance)
        edges = np.concatenate([[-np.inf], cuts, [np.inf]])
        inside = normal_cdf((edges[given + 1] - theta) / width)
        inside = inside - normal_cdf((edges[given] - theta) / width)
        return float(0.5 * x @ x - np.log(np.maximum(inside, 1e-12)).sum())

    best = _minimum(loss, np.zeros(last + 2))
    covariance = np.linalg.inv(_hessian(loss, best))
    jacobian = _jacobian(lambda x: parts(x)[0], best)
    cuts, noise = parts(best)
    doubt = np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
    return cuts, noise, np.clip(doubt, 0.0, spread**2)


def _noise_guess(theta: Floats, variance: Floats, place: Floats, spread: float) -> float:
    r = _correlation(theta, place)
    r = (len(theta) * r + _PRIOR_WEIGHT * _PRIOR_CORRELATION) / (len(theta) + _PRIOR_WEIGHT)
    r = min(max(r, 0.2), 0.97)
    square = float(np.var(theta)) * (1 / r**2 - 1) - float(variance.mean())
    return float(np.sqrt(max(square, (0.2 * spread) ** 2)))


def _minimum(loss: Callable[[Floats], float], x: Floats) -> Floats:
    """Damped Newton with numerical derivatives: a handful of parameters, a smooth loss."""
    value = loss(x)
    for _ in range(50):
        gradient = _jacobian(lambda y: np.array([loss(y)]), x)[0]
        step = -np.linalg.solve(_hessian(loss, x), gradient)
        scale = 1.0
        while loss(x + scale * step) > value and scale > 1e-6:  # noqa: PLR2004 a step of nothing
            scale /= 2
        x, before, value = x + scale * step, value, loss(x + scale * step)
        if before - value < 1e-9:  # noqa: PLR2004 in nats
            break
    return x


def _jacobian(function: Callable[[Floats], Floats], x: Floats, step: float = 1e-4) -> Floats:
    columns = [
        (function(x + step * unit) - function(x - step * unit)) / (2 * step)
        for unit in np.eye(len(x))
    ]
    return np.stack(columns, axis=-1)


def _hessian(loss: Callable[[Floats], float], x: Floats) -> Floats:
    """Second derivatives, kept positive."""
    rows = _jacobian(lambda y: _jacobian(lambda z: np.array([loss(z)]), y)[0], x)
    values, vectors = np.linalg.eigh((rows + rows.T) / 2)
    positive: Floats = (vectors * np.maximum(values, 0.5)) @ vectors.T
    return positive


def _project(
    scores: Floats,
    variances: Floats,
    anchor_scores: Floats,
    cuts: Floats,
    noise: float,
    doubt: Floats,
    scale: tuple[str, ...],
) -> GradeProjection:
    width = np.sqrt(noise**2 + variances[:, None] + doubt)
    below = normal_cdf((cuts - scores[:, None]) / width)
    below = np.maximum.accumulate(below, axis=1)
    edges = np.hstack([np.zeros((len(scores), 1)), below, np.ones((len(scores), 1))])
    probabilities = np.diff(edges, axis=1)
    median = np.argmax(edges[:, 1:] >= 0.5, axis=1)  # noqa: PLR2004 the middle of a distribution
    near = np.abs(cuts - scores[:, None]).min(axis=1) < np.sqrt(variances)
    outside = (scores < anchor_scores.min()) | (scores > anchor_scores.max())
    return GradeProjection(
        scale=scale,
        probabilities=probabilities,
        grades=tuple(scale[index] for index in median.tolist()),
        confidence=probabilities[np.arange(len(scores)), median],
        outside=tuple(outside.tolist()),
        near_boundary=tuple(near.tolist()),
        cuts=cuts,
        noise=noise,
    )
