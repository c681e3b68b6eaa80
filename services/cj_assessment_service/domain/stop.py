"""When enough comparisons have been made, and how many it will take.

1 / (1 - reliability) grows about linearly with the comparisons, from 1 at none; the line through
the last rounds forecasts when the target is reached.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.cj_assessment_service.domain.fit import Fit, fit
from services.cj_assessment_service.domain.reliability import reliability
from services.cj_assessment_service.domain.verdicts import Verdict, VerdictTable

TARGET = 0.80
SIGMA_PRIOR = (1.0, 1.0)
LEAST_PER_ITEM = 6
LEAST_FOR_NOISY = 10
_RECENT = 4
_DOUBT = 1.5  # how much faster than forecast the rest may go before it is called hopeless


@dataclass(frozen=True)
class Progress:
    """The state after a round: comparisons made so far, and `cautious_reliability` then."""

    comparisons: int
    reliability: float


@dataclass(frozen=True)
class Decision:
    """`reason` is a sentence for the teacher; `forecast` the comparisons needed in all, if known.

    `kind` is what happened: going_on, reached, budget, exhausted or too_noisy.
    """

    stop: bool
    kind: str
    reason: str
    forecast: int | None


def cautious_reliability(
    n: int, verdicts: Iterable[Verdict] | VerdictTable, start: Fit | None = None
) -> float:
    """Reliability with an inverse-gamma(1, 1) prior on s^2, which luck does not push as high."""
    return reliability(fit(n, verdicts, start=start, sigma_prior=SIGMA_PRIOR))


def should_stop(
    history: Sequence[Progress],
    n: int,
    *,
    budget: int | None = None,
    components: int = 1,
    target: float = TARGET,
    repeats: int = 0,
) -> Decision:
    """Decide after a round; `history` has every round so far, `components` is of the last fit.

    `repeats` are the comparisons of pairs that had been compared before, in the other order.
    """
    if not history:
        return Decision(stop=False, kind="going_on", reason="No comparison yet.", forecast=None)
    made = history[-1].comparisons
    per_item = 2 * made / max(n, 1)
    ahead = forecast(history, target=target)
    reached = (
        len(history) > 1
        and min(progress.reliability for progress in history[-2:]) >= target
        and per_item >= LEAST_PER_ITEM
        and components == 1
    )
    possible = n * (n - 1) // 2 + repeats
    if reached:
        reason = f"Reliability {history[-1].reliability:.2f} has reached the target {target:.2f}."
        return Decision(stop=True, kind="reached", reason=reason, forecast=made)
    if made >= possible:
        reason = "Every pair has been compared."
        return Decision(stop=True, kind="exhausted", reason=reason, forecast=ahead)
    if budget is not None and made >= budget:
        reason = f"The budget of {budget} comparisons is spent."
        return Decision(stop=True, kind="budget", reason=reason, forecast=ahead)
    limit = possible if budget is None else min(budget, possible)
    if per_item >= LEAST_FOR_NOISY and (ahead is None or ahead > made + _DOUBT * (limit - made)):
        needed = "out of sight" if ahead is None else f"about {ahead} comparisons away"
        reason = (
            f"This judge is too noisy: the target {target:.2f} is {needed}, of {limit} allowed."
        )
        return Decision(stop=True, kind="too_noisy", reason=reason, forecast=ahead)
    return Decision(stop=False, kind="going_on", reason="More comparisons help.", forecast=ahead)


def forecast(history: Sequence[Progress], *, target: float = TARGET) -> int | None:
    """Comparisons in all until the target is reached; None while nothing can be said."""
    recent = history[-_RECENT:]
    made = np.array([progress.comparisons for progress in recent], dtype=float)
    gain = np.array([1 / max(1 - progress.reliability, 1e-6) - 1 for progress in recent])
    if made @ made == 0 or made @ gain <= 0:
        return None
    slope = float(made @ gain / (made @ made))
    needed = (1 / (1 - target) - 1) / slope
    return int(np.ceil(max(needed, 0.0))) if needed < 1e9 else None  # noqa: PLR2004 never, that is
