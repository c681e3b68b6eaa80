"""Sessions with a known truth: what a batch will cost, and whether the numbers can be believed.

The forecast before a batch, the command that simulates and the benchmark all use this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Literal

import numpy as np

from services.cj_assessment_service.domain.epsilon import fit_epsilon, ssr
from services.cj_assessment_service.domain.fit import Fit, fit, logistic
from services.cj_assessment_service.domain.pairs import Pair, Rule, next_pairs
from services.cj_assessment_service.domain.reliability import reliability
from services.cj_assessment_service.domain.stop import (
    SIGMA_PRIOR,
    Progress,
    should_stop,
)
from services.cj_assessment_service.domain.verdicts import Floats, Verdict, tabulate

JudgeKind = Literal["bt", "coin"]
_JUDGE = "simulated"


@dataclass(frozen=True)
class Setting:
    """`essays` of true standard deviation `sigma`, judged by Bradley-Terry draws or by a coin."""

    essays: int
    sigma: float
    rounds: int
    pairing: Rule = "information"
    judge: JudgeKind = "bt"
    order_effect: float = 0.0


@dataclass(frozen=True)
class Round:
    """The state after a round, or its mean over seeds.

    `true_reliability` is the squared correlation of scores and truth, `coverage` the share of 95 %
    intervals that hold the truth (for a coin: 0, as no essay is better to it), `stopped` 1 once
    the stop rule has found its target reached.
    """

    round: int
    comparisons_per_essay: float
    spearman: float
    true_reliability: float
    reported_reliability: float
    ssr: float
    coverage: float
    stopped: float


def simulate(setting: Setting, seed: int) -> list[Round]:
    """One session, round by round."""
    return list(simulate_lazily(setting, seed))


def play(setting: Setting, seed: int) -> Iterator[tuple[Round, Fit, Floats]]:
    """Each round of one session with its fit and the true scores (mean 0)."""
    n = setting.essays
    rng = np.random.default_rng([seed, 7])
    truth = rng.normal(0.0, setting.sigma, n)
    truth -= truth.mean() if n else 0.0
    felt = truth if setting.judge == "bt" else np.zeros(n)
    seen: list[Pair] = []
    verdicts: list[Verdict] = []
    history: list[Progress] = []
    estimate: Fit | None = None
    cautious: Fit | None = None
    stopped = False
    for round_ in range(1, setting.rounds + 1):
        for pair in next_pairs(estimate, n, seen, round_, seed=seed, rule=setting.pairing):
            seen.append(pair)
            margin = felt[pair[0]] - felt[pair[1]] + setting.order_effect
            chance = float(logistic(np.asarray(margin)))
            verdicts.append(Verdict(_JUDGE, *pair, "first" if rng.random() < chance else "second"))
        table = tabulate(n, verdicts)
        estimate = fit(n, table, start=estimate)
        cautious = fit(n, table, start=cautious, sigma_prior=SIGMA_PRIOR)
        history.append(Progress(len(verdicts), reliability(cautious)))
        decision = should_stop(history, n, components=len(estimate.components))
        stopped = stopped or decision.kind == "reached"
        yield (
            Round(
                round=round_,
                comparisons_per_essay=2 * len(verdicts) / max(n, 1),
                spearman=spearman(estimate.scores, truth),
                true_reliability=correlation(estimate.scores, truth) ** 2,
                reported_reliability=reliability(estimate),
                ssr=ssr(fit_epsilon(n, table)),
                coverage=_coverage(estimate, felt),
                stopped=float(stopped),
            ),
            estimate,
            truth,
        )


def average(setting: Setting, seeds: Sequence[int]) -> list[Round]:
    """Means over the seeds, round by round."""
    runs = np.array([[astuple(round_) for round_ in simulate(setting, seed)] for seed in seeds])
    means = runs.reshape(len(seeds), setting.rounds, len(fields(Round))).mean(axis=0)
    return [Round(int(row[0]), *row[1:].tolist()) for row in means]


def comparisons_needed(
    n: int, sigma: float, *, seeds: Sequence[int] = range(5), most_per_essay: int = 40
) -> int | None:
    """Forecast before a batch: comparisons until the stop rule is content, the median of the seeds.

    `sigma` is what the judge has shown on earlier batches. None where it is not content within
    `most_per_essay` comparisons an essay, or all pairs.
    """
    setting = Setting(n, sigma, min(most_per_essay, max(n - 1, 1)))
    needed = []
    for seed in seeds:
        done = (round_ for round_ in simulate_lazily(setting, seed) if round_.stopped)
        first = next(done, None)
        needed.append(first.comparisons_per_essay * n / 2 if first else np.inf)
    middle = float(np.median(needed))
    return round(middle) if np.isfinite(middle) else None


def simulate_lazily(setting: Setting, seed: int) -> Iterator[Round]:
    return (round_ for round_, _, _ in play(setting, seed))


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's, 0 where one of them does not vary."""
    if len(x) < 2:  # noqa: PLR2004 two points make a line
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 1e-12 else 0.0  # noqa: PLR2004


def spearman(x: Floats, y: Floats) -> float:
    return correlation(mean_ranks(x), mean_ranks(y))


def mean_ranks(values: Floats) -> Floats:
    """Ranks from 1, the lowest first; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Floats = ends - (counts - 1) / 2
    return middle[place]


def _coverage(estimate: Fit, truth: Floats) -> float:
    if not len(truth):
        return 1.0
    inside = np.abs(estimate.scores - truth) <= 1.959964 * estimate.standard_errors
    return float(inside.mean())
