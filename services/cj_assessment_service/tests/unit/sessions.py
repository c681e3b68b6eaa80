"""Simulated sessions with known true scores."""

import numpy as np

from services.cj_assessment_service.domain.verdicts import Floats, Verdict, Winner


def session(
    n: int,
    rounds: int,
    *,
    sigma: float = 2.0,
    judges: int = 1,
    order_effect: float = 0.0,
    seed: int = 0,
) -> tuple[Floats, list[Verdict]]:
    """Draw true scores (mean 0) of n items and the verdicts of random matchings."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.0, sigma, n)
    truth -= truth.mean()
    verdicts = []
    for _ in range(rounds):
        order = rng.permutation(n).tolist()
        for first, second in zip(order[::2], order[1::2], strict=False):
            judge = f"judge-{rng.integers(judges)}"
            winner = draw(rng, truth[first] - truth[second] + order_effect)
            verdicts.append(Verdict(judge, first, second, winner))
    return truth, verdicts


def draw(rng: np.random.Generator, margin: float) -> Winner:
    return "first" if rng.random() < 1 / (1 + np.exp(-margin)) else "second"
