"""What comparing comes to. Judges are few: they are named in the settings."""

from collections.abc import Sequence

from prometheus_client import Counter

from services.cj_assessment_service.assessment import Verdict

COMPARISONS = Counter(
    "huleedu_comparisons_total", "Pairs that a judge has answered or given up", ["judge", "outcome"]
)
COST = Counter(
    "huleedu_comparison_cost_total", "What answers have cost, in the currency of prices", ["judge"]
)


def count_verdicts(judge: str, verdicts: Sequence[Verdict]) -> None:
    """Of one portion, once it is stored."""
    for verdict in verdicts:
        outcome = "given_up" if verdict.outcome is None else "judged"
        COMPARISONS.labels(judge, outcome).inc()
        COST.labels(judge).inc(float(verdict.details.cost or 0))
