"""Numbers and facts in the words that a teacher reads."""

from decimal import Decimal

from huleedu_report.comparisons import Comparison
from huleedu_report.results import EssayResult, JudgeReport

DEMONSTRATION_JUDGE = "demonstration judge, not for grading"

_CLEAR = 1.96
"""Standard errors from which an effect is spoken of."""


def judge_note(judge: str) -> str | None:
    """What has to stand beside every result of this judge, if anything."""
    return DEMONSTRATION_JUDGE if "offline" in judge.split("+") else None


_KINDS = {
    "spelling": "Spelling",
    "split": "Two words written as one",
    "join": "One word written as two",
    "capital": "Capital letter",
    "real_word": "A real word, but probably another one was meant",
}


def kind(name: str) -> str:
    """What kind of error a correction repairs."""
    return _KINDS.get(name, _KINDS["spelling"])


def result_of(comparison: Comparison) -> str:
    """What a comparison says of an essay, for example `clearly better than`."""
    if comparison["result"] == "alike":
        return "as good as"
    clearly = "clearly " if comparison["clearly"] else ""
    return f"{clearly}{comparison['result']} than"


def order_effect(judge: JudgeReport) -> str:
    """Which side a judge favours, if its verdicts tell; for example `the first (+0.41 ± 0.12)`."""
    effect, error = judge["order_effect"], judge["order_effect_se"]
    if abs(effect) < _CLEAR * error:
        return "none seen"
    side = "the first" if effect > 0 else "the second"
    return f"{side} ({signed(effect)} ± {error:.2f})"


def cost(judge: JudgeReport) -> str:
    """What a judge's verdicts cost, in this run and before; for example `0.12, and 0.40 before`."""
    if judge["cost"] is None:
        return "–"
    before = Decimal(judge.get("cost_taken_over") or 0)
    if not before:
        return judge["cost"]
    return f"{Decimal(judge['cost']) - before}, and {before} before"


def signed(value: float) -> str:
    """Two decimals, with a true minus sign, and no sign on zero."""
    rounded = round(value, 2)
    if rounded == 0:
        return "0.00"
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.2f}"  # noqa: RUF001 - a true minus sign


def percent(share: float) -> str:
    return f"{round(share * 100)} %"


def score(essay: EssayResult) -> str:
    """For example `+1.20 ± 0.31`; a dash if there is no score."""
    if essay["score"] is None or essay["standard_error"] is None:
        return "–"
    return f"{signed(essay['score'])} ± {essay['standard_error']:.2f}"


def plausible_ranks(essay: EssayResult) -> str:
    """For example `2–5`, or `1` if no other rank fits; a dash if unknown."""
    ranks = essay.get("plausible_ranks")
    if not ranks:
        return "–"
    best, worst = ranks
    return str(best) if best == worst else f"{best}–{worst}"


def grade_probability(essay: EssayResult) -> str | None:
    """How likely the grade given is, for example `64 %`; None if it is not known."""
    probabilities = essay["grade_probabilities"]
    if essay["grade"] is None or not probabilities:
        return None
    share = probabilities.get(essay["grade"])
    return None if share is None else percent(share)


def shortened(name: str, length: int) -> str:
    """`name` with its middle left out where it is too long: both its ends tell files apart."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail]}…{name[-tail:]}"
