"""What runs in a worker process: it alone loads numpy, and the service stays small."""

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from common_core.domain_enums import Language
from common_core.judges import PEOPLE
from services.cj_assessment_service.assessment import (
    Assessment,
    Dealt,
    Notes,
    Outcome,
    Pair,
    Ranking,
    Step,
)
from services.cj_assessment_service.dealing import deal

if TYPE_CHECKING:
    from services.cj_assessment_service.domain.fit import Fit
    from services.cj_assessment_service.domain.verdicts import VerdictTable

# Read when numpy is loaded. The matrices are small, and one thread adds up in one order.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@dataclass(frozen=True)
class Plan:
    rounds_per_wave: int
    comparisons_per_essay: int
    target_reliability: float
    people_share: float = 0.1
    """Of the pairs, where people and other judges compare together."""


def measure(text: str, language: Language) -> Notes:
    """The offline judge's view of an essay."""
    from services.cj_assessment_service.domain import offline_judge  # noqa: PLC0415 - see above

    return asdict(offline_judge.features(text, language.value))


def judge_offline(notes: list[Notes], pairs: list[Pair]) -> list[Outcome]:
    from services.cj_assessment_service.domain import offline_judge  # noqa: PLC0415 - see above

    batch = [offline_judge.Features(**each) for each in notes]
    quality = offline_judge.quality(batch).tolist()
    return [
        Outcome(*offline_judge.judge(quality[first], quality[second])) for first, second in pairs
    ]


def advance(assessment: Assessment, wave: int, plan: Plan, end: str | None = None) -> Step:
    """What follows when `wave` has been judged (0: nothing yet): the next pairs, or the ranking.

    `end` is why there can be no more verdicts, if that is so.
    """
    from services.cj_assessment_service.domain import fit as fitting  # noqa: PLC0415 - see above
    from services.cj_assessment_service.domain import stop  # noqa: PLC0415 - see above

    n = len(assessment.essays)
    table = _table(assessment)
    fit = fitting.fit(n, table)
    made = len(assessment.judged)
    now = stop.Progress(made, stop.cautious_reliability(n, table, start=fit))
    before = [stop.Progress(each.comparisons, each.reliability) for each in assessment.waves]
    repeats = made - len({frozenset(pair) for _, pair, _ in assessment.judged})
    least = assessment.least_comparisons
    per_essay = plan.comparisons_per_essay + assessment.extra_comparisons
    budget = max(n * per_essay // 2, least)
    most = min(budget, n * (n - 1) // 2 + repeats)
    decision = stop.should_stop(
        [*before, now] if made else [],
        n,
        budget=budget,
        components=len(fit.components),
        target=plan.target_reliability,
        repeats=repeats,
    )
    late = _late_pairs(assessment, fit, wave, plan)
    wanted = made < least or late
    stops = decision.stop and not (wanted and decision.kind in {"reached", "too_noisy"})
    pairs: list[Dealt] = []
    if not stops and end is None and assessment.at_work:
        new = late or _usual_pairs(assessment, fit, wave, plan)
        pairs = _dealt(assessment, new, plan)[: max(budget - made, 1)]
    reason = end or (decision.reason if stops else _nothing_to_compare(n))
    return Step(
        comparisons=made,
        reliability=now.reliability,
        expected_comparisons=max(
            made + len(pairs), min(max(decision.forecast or budget, least), most)
        ),
        pairs=tuple(pairs),
        ranking=None if pairs else _ranking(assessment, table, fit, _why(assessment, reason, end)),
        retired=assessment.retired,
    )


def _why(assessment: Assessment, reason: str, end: str | None) -> str:
    """Why there are no more comparisons, and who of the judges had left before."""
    left = tuple(assessment.retired.values())
    if not left:
        return reason
    if assessment.at_work or end:
        return " ".join([reason, *left, "The comparing went on without."])
    return " ".join([*left, "The ranking rests on the comparisons made so far."])


def _nothing_to_compare(essays: int) -> str:
    if essays == 1:
        return "There is only one essay, so there is nothing to compare it with."
    return "Every pair has been compared."


def _table(assessment: Assessment) -> "VerdictTable":
    from services.cj_assessment_service.domain import verdicts  # noqa: PLC0415 - see above

    return verdicts.tabulate(
        len(assessment.essays),
        [
            verdicts.Verdict(judge, *pair, outcome.winner, outcome.degree)
            for judge, pair, outcome in assessment.judged
        ],
    )


def _usual_pairs(assessment: Assessment, fit: "Fit", wave: int, plan: Plan) -> list[Pair]:
    """The pairs of the next wave.

    The random rounds make one wave, as they need no scores; later waves have a few rounds.
    """
    from services.cj_assessment_service.domain import pairs  # noqa: PLC0415 - see above

    n = len(assessment.essays)
    asked = assessment.asked
    seen = list(asked)
    for round_ in _rounds(wave, 2 * len(assessment.inherited) // n, pairs.RANDOM_ROUNDS, plan):
        seen += pairs.next_pairs(
            fit,
            n,
            seen,
            round_,
            anchors=sorted(assessment.anchors),
            seed=assessment.seed,
        )
    return seen[len(asked) :]


def _dealt(assessment: Assessment, new: list[Pair], plan: Plan) -> list[Dealt]:
    """Pairs dealt to the judges; people get some again, the other way round."""
    from services.cj_assessment_service.domain import pairs  # noqa: PLC0415 - see above

    dealt = deal(new, assessment.at_work, seed=assessment.seed, people_share=plan.people_share)
    of_people = [pair for judge, pair in dealt if judge == PEOPLE]
    audit = pairs.swap_audit(of_people, assessment.asked + new, assessment.seed)
    return [*dealt, *((PEOPLE, pair) for pair in audit)]


def _late_pairs(assessment: Assessment, fit: "Fit", wave: int, plan: Plan) -> list[Pair]:
    """What those who have joined lack, until they have as many comparisons as the others.

    Only they are behind: what was taken over has none, or next to none, of theirs.
    """
    from services.cj_assessment_service.domain import pairs  # noqa: PLC0415 - see above

    n = len(assessment.essays)
    late = pairs.newcomers(n, [each.pair for each in assessment.inherited], assessment.asked)
    at_once = pairs.RANDOM_ROUNDS if wave == 0 else plan.rounds_per_wave
    return pairs.for_newcomers(
        fit,
        n,
        assessment.asked,
        {item: min(lacking, at_once) for item, lacking in late.items()},
        anchors=sorted(assessment.anchors),
        seed=assessment.seed,
    )


def _rounds(wave: int, inherited: int, random: int, plan: Plan) -> range:
    """The rounds of the wave after `wave`, where `inherited` rounds were made in earlier runs."""
    first = random - inherited if inherited < random else plan.rounds_per_wave
    if wave == 0:
        return range(inherited + 1, inherited + first + 1)
    done = inherited + first + (wave - 1) * plan.rounds_per_wave
    return range(done + 1, done + plan.rounds_per_wave + 1)


def _ranking(assessment: Assessment, table: "VerdictTable", fit: "Fit", reason: str) -> Ranking:
    from services.cj_assessment_service.ranking import ranked  # noqa: PLC0415 - see above

    return ranked(assessment, table, fit, reason)
