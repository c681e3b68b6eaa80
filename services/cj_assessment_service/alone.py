"""Comparative judgement without the stack: a log of verdicts in, scores out; and simulations.

`fit_csv` and `simulation` return what `huleedu cj` prints as JSON. Input that cannot be used
raises `LogError` with a sentence that names the file and the line.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from services.cj_assessment_service.domain.epsilon import EpsilonFit, fit_epsilon, ssr
from services.cj_assessment_service.domain.fit import Fit, JudgeEstimate, fit
from services.cj_assessment_service.domain.grades import SWEDISH, GradeProjection, Refusal, grades
from services.cj_assessment_service.domain.judge_quality import judge_quality
from services.cj_assessment_service.domain.map_fit import fit_map
from services.cj_assessment_service.domain.reliability import concordance, ranks, reliability
from services.cj_assessment_service.domain.simulate import Setting, average
from services.cj_assessment_service.domain.verdicts import Verdict, VerdictTable, Winner, tabulate

Estimator = Literal["variational", "map", "epsilon"]
_COLUMNS = ("judge", "first", "second", "winner")
_ONE_SIDED = 12  # verdicts; a fair judge shows one side the winner so often once in 2,000 logs


class LogError(ValueError):
    """A file that is not what it should be; the message is for the person who gave it."""


def fit_csv(
    verdicts: Path, anchors: Path | None = None, estimator: Estimator = "variational"
) -> dict[str, Any]:
    """Fit a log of verdicts; items are ranked, the best first.

    Columns: judge, first, second, winner (first, second or tie); optionally degree (1 or 2),
    weight, and id (rows with the same id count once). Anchors: item, grade. Grades that are all
    numbers form their own scale, any others must be on the Swedish one, F to A.
    """
    items, log = read_verdicts(verdicts)
    table = tabulate(len(items), log)
    epsilon = fit_epsilon(table.n, table)
    estimate = _estimate(table, estimator, epsilon)
    rank = ranks(estimate.scores)
    errors = estimate.standard_errors
    result: dict[str, Any] = {
        "items": [
            {
                "item": items[index],
                "score": float(estimate.scores[index]),
                "standard_error": float(errors[index]),
                "rank": int(rank[index]),
            }
            for index in np.argsort(rank).tolist()
        ],
        "sigma": estimate.sigma,
        "reliability": reliability(estimate),
        "concordance": concordance(estimate),
        "ssr": ssr(epsilon),
        "judges": [
            {
                "judge": quality.judge,
                "verdicts": quality.verdicts,
                "order_effect": quality.order_effect,
                "order_effect_se": quality.order_effect_se,
                "slope": quality.slope,
                "infit": quality.infit,
                "z": quality.z,
            }
            for quality in judge_quality(table.n, table, estimate)
        ],
        "components": [[items[index] for index in group] for group in estimate.components],
    }
    if anchors is not None:
        _add_grades(result, items, estimate, read_anchors(anchors, items))
    return result


def simulation(setting: Setting, seeds: int = 20, first_seed: int = 0) -> dict[str, Any]:
    """Means over the seeds for each round of a simulated session."""
    if setting.essays < 2 or setting.rounds < 1 or seeds < 1 or not 0 <= setting.sigma < np.inf:  # noqa: PLR2004
        raise LogError("A simulation needs two essays, a round, a seed, and a sigma of at least 0.")
    if not np.isfinite(setting.order_effect):
        raise LogError("The order effect of a simulation must be a number.")
    rounds = average(setting, range(first_seed, first_seed + seeds))
    return {"rounds": [asdict(round_) for round_ in rounds]}


def read_verdicts(path: Path) -> tuple[list[str], list[Verdict]]:
    """The items, sorted by name, and the verdicts on them."""
    rows = list(_rows(path, _COLUMNS))
    items = sorted({row[side] for _, row in rows for side in ("first", "second")})
    index = {item: place for place, item in enumerate(items)}
    return items, _order_unknown([_verdict(path, line, row, index) for line, row in rows])


def read_anchors(path: Path, items: Sequence[str]) -> dict[int, str]:
    index = {item: place for place, item in enumerate(items)}
    anchors: dict[int, str] = {}
    for line, row in _rows(path, ("item", "grade")):
        if row["item"] not in index:
            raise LogError(f"{path.name}, line {line}: no verdict mentions {row['item']!r}.")
        if anchors.setdefault(index[row["item"]], row["grade"]) != row["grade"]:
            raise LogError(f"{path.name}, line {line}: {row['item']!r} has another grade above.")
    return anchors


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LogError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise LogError(f"{path.name} is not a text file in UTF-8.") from error
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ",")
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise LogError(f"{path.name} has no column {', '.join(missing)}; it begins {head!r}.")
    for row in reader:
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        empty = [column for column in columns if not cells[column]]
        if empty:
            raise LogError(f"{path.name}, line {reader.line_num}: {', '.join(empty)} is empty.")
        yield reader.line_num, cells


def _verdict(path: Path, line: int, row: Mapping[str, str], index: Mapping[str, int]) -> Verdict:
    where = f"{path.name}, line {line}"
    if row["winner"] not in {"first", "second", "tie"}:
        raise LogError(f"{where}: winner is {row['winner']!r}, not first, second or tie.")
    if row["first"] == row["second"]:
        raise LogError(f"{where}: {row['first']!r} is compared with itself.")
    if row.get("degree", "") not in {"", "1", "2"}:
        raise LogError(f"{where}: degree is {row['degree']!r}, not 1 or 2.")
    try:
        weight = float(row.get("weight") or 1)
    except ValueError:
        weight = 0.0
    if not 0 < weight < np.inf:
        raise LogError(f"{where}: weight is {row['weight']!r}, not a positive number.")
    return Verdict(
        judge=row["judge"],
        first=index[row["first"]],
        second=index[row["second"]],
        winner=cast("Winner", row["winner"]),
        degree=int(row["degree"]) if row.get("degree") else None,
        weight=weight,
        id=row.get("id") or None,
    )


def _order_unknown(log: list[Verdict]) -> list[Verdict]:
    """Name the sides by chance where a log names the winner (or the loser) first every time.

    Such a log does not say which text was shown first; taken at its word, the order effect would
    explain what the scores should.
    """
    if len(log) < _ONE_SIDED or len({verdict.winner for verdict in log}) > 1:
        return log
    other: dict[Winner, Winner] = {"first": "second", "second": "first", "tie": "tie"}
    return [
        replace(v, first=v.second, second=v.first, winner=other[v.winner])
        if (v.first + v.second) % 2 != (v.first < v.second)
        else v
        for v in log
    ]


def _estimate(table: VerdictTable, estimator: Estimator, epsilon: EpsilonFit) -> Fit:
    if estimator == "variational":
        return fit(table.n, table)
    if estimator == "map":
        return fit_map(table.n, table)
    noise = float(np.mean(epsilon.standard_errors**2)) if table.n else 0.0
    spread = float(np.var(epsilon.scores)) if table.n else 0.0
    judges = [(table.judge == place, name) for place, name in enumerate(table.judges)]
    return Fit(
        scores=epsilon.scores,
        variances=epsilon.standard_errors**2,
        covariance=None,
        sigma=max(spread - noise, 0.0) ** 0.5,
        judges=tuple(
            JudgeEstimate(name, float(table.weight[rows].sum()), 0.0, 0.0, 1.0, None)
            for rows, name in judges
        ),
        components=epsilon.components,
        converged=epsilon.converged,
    )


def _add_grades(
    result: dict[str, Any], items: Sequence[str], estimate: Fit, anchors: Mapping[int, str]
) -> None:
    projection = grades(
        estimate.scores, estimate.centred_variances, anchors, _scale(set(anchors.values()))
    )
    if isinstance(projection, Refusal):
        result["grades_refused"] = projection.reason
        return
    place = {item: index for index, item in enumerate(items)}
    for item in result["items"]:
        item["grades"] = _grades_of(projection, place[item["item"]])


def _grades_of(projection: GradeProjection, index: int) -> dict[str, Any]:
    return {
        "grade": projection.grades[index],
        "probability": float(projection.confidence[index]),
        "probabilities": dict(
            zip(projection.scale, projection.probabilities[index].tolist(), strict=True)
        ),
        "near_boundary": projection.near_boundary[index],
        "outside_anchors": projection.outside[index],
    }


def _scale(given: set[str]) -> Sequence[str]:
    try:
        numbers = {grade: float(grade) for grade in given}
    except ValueError:
        return SWEDISH
    return sorted(numbers, key=numbers.__getitem__) or SWEDISH
