"""Measure the comparative-judgement engine and print each figure beside its target.

Rows that need published data or essays read them from `--data`, a folder with the files named in
`Documentation/COMPARATIVE_JUDGEMENT.md`; none of them is part of this repository.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one thread, as a service beside others has

import argparse
import csv
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from services.cj_assessment_service.domain import offline_judge
from services.cj_assessment_service.domain.epsilon import fit_epsilon, ssr
from services.cj_assessment_service.domain.fit import Fit, fit
from services.cj_assessment_service.domain.grades import SWEDISH, GradeProjection, grades
from services.cj_assessment_service.domain.judge_quality import judge_quality
from services.cj_assessment_service.domain.map_fit import fit_map, gradient
from services.cj_assessment_service.domain.pairs import Rule
from services.cj_assessment_service.domain.simulate import (
    Round,
    Setting,
    average,
    correlation,
    play,
    spearman,
)
from services.cj_assessment_service.domain.verdicts import (
    Floats,
    Verdict,
    VerdictTable,
    Winner,
    tabulate,
)

RULES: tuple[Rule, ...] = ("random", "balanced", "swiss", "information")


@dataclass(frozen=True)
class Figure:
    what: str
    figure: str
    target: str
    reached: bool | None  # None: for comparison only


@dataclass(frozen=True)
class Options:
    data: Path | None
    seeds: int


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench cj", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all by default")
    parser.add_argument("--data", type=Path, help="folder with published data and essays")
    parser.add_argument("--seeds", type=int, default=20, help="simulated sessions a figure")
    chosen = parser.parse_args(argv)
    options = Options(chosen.data, chosen.seeds)
    missed = 0
    print(f"{'':8} {'what':62} {'figure':>24}   target")
    for name in chosen.rows or ROWS:
        start = time.perf_counter()
        for line in ROWS[name](options):
            mark = {True: "reached", False: "MISSED", None: ""}[line.reached]
            missed += line.reached is False
            print(f"{mark:8} {line.what:62} {line.figure:>24}   {line.target}", flush=True)
        print(f"{'':8} ({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    if missed:
        sys.exit(f"{missed} targets were missed.")


def at_least(what: str, value: float, target: float, digits: int = 3) -> Figure:
    return Figure(what, f"{value:.{digits}f}", f">= {target:g}", bool(value >= target))


def at_most(what: str, value: float, target: float, digits: int = 3) -> Figure:
    return Figure(what, f"{value:.{digits}f}", f"<= {target:g}", bool(value <= target))


def for_comparison(what: str, value: float, remark: str) -> Figure:
    return Figure(what, f"{value:.3f}", remark, None)


def published(options: Options) -> Iterator[Figure]:
    """Estimates that others have printed."""
    if options.data is None:
        yield Figure("fit against published estimates", "no --data", "to 1e-4", None)
        return
    for what, found, expected in _published(options.data):
        error = float(np.abs(np.asarray(found) - np.asarray(expected)).max())
        yield Figure(f"{what}: largest difference", f"{error:.1e}", "<= 1e-4", error <= 1e-4)


def _published(data: Path) -> Iterator[tuple[str, Floats, Floats]]:
    # Agresti, Categorical Data Analysis; the digits as printed by R's BradleyTerry2.
    table, items = _table(
        (row[0], other, count, 0)
        for row in _csv(data / "citations_cited_by_citing.csv")[1:]
        for other, count in zip(
            _csv(data / "citations_cited_by_citing.csv")[0][1:], map(float, row[1:]), strict=True
        )
        if row[0] != other
    )
    scores = fit_epsilon(table.n, table, epsilon=0.0).scores
    order = [items.index(name) for name in ("Biometrika", "JRSS-B", "JASA", "Comm Statist")]
    yield (
        "citations",
        scores[order] - scores[order[0]],
        np.array([0.0, 0.26895, -0.47957, -2.94907]),
    )

    rows = _csv(data / "baseball_agresti.csv")[1:]
    table, items = _table((row[0], row[1], float(row[2]), float(row[3])) for row in rows)
    names = ["Baltimore", "Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto"]
    order = [items.index(name) for name in names]
    plain = fit_epsilon(table.n, table, epsilon=0.0).scores[order]
    yield (
        "baseball",
        plain - plain[0],
        np.array([0.0, 1.1077, 0.6839, 1.4364, 1.5814, 1.2476, 1.2945]),
    )
    home = fit_epsilon(table.n, table, epsilon=0.0, order_effect=True)
    scores = home.scores[order] - home.scores[order[0]]
    yield (
        "baseball with home advantage",
        np.append(scores, home.order_effect),
        np.array([0.0, 1.1438, 0.7047, 1.4754, 1.6196, 1.2813, 1.3271, 0.3023]),
    )

    for path in sorted(data.glob("testcase-pairwise-*.json")):
        case = json.loads(path.read_text())
        verdicts = [Verdict("a", one, other, "first") for one, other in case["data"]]
        scores = fit_epsilon(case["n_items"], verdicts, epsilon=0.0).scores
        yield f"choix {path.stem}", scores, np.array(case["ml_est"])

    for name in ("simple", "food"):
        rows = _csv(data / f"{name}.csv")[1:]
        side: dict[str, Winner] = {"left": "first", "right": "second", "tie": "tie"}
        items = sorted({item for row in rows for item in row[:2]})
        verdicts = [
            Verdict("a", items.index(row[0]), items.index(row[1]), side[row[2]]) for row in rows
        ]
        strength = np.exp(fit_epsilon(len(items), verdicts, epsilon=0.0).scores)
        golden = {
            row[1]: float(row[2])
            for row in _csv(data / f"{name}-golden.csv")[1:]
            if row[0] == "bradley_terry"
        }
        expected = np.array([golden[item] for item in items])
        yield f"evalica {name}", strength / strength.sum(), expected

    rows = _csv(data / "nmm_decisions.csv")[1:]
    items = sorted({item for row in rows for item in row[2:]})
    verdicts = [Verdict(row[0], items.index(row[2]), items.index(row[3]), "first") for row in rows]
    found = ssr(fit_epsilon(len(items), verdicts))
    yield "No More Marking demo, SSR .8013", np.array([round(found, 4)]), np.array([0.8013])


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _table(
    results: Iterator[tuple[str, str, float, float]],
) -> tuple[VerdictTable, list[str]]:
    """Verdicts from (first, second, wins of the first, wins of the second)."""
    results_ = list(results)
    items = sorted({item for result in results_ for item in result[:2]})
    sides: tuple[tuple[Winner, int], ...] = (("first", 2), ("second", 3))
    verdicts = [
        Verdict("a", items.index(result[0]), items.index(result[1]), winner, weight=result[place])  # type: ignore[arg-type]  # columns 2 and 3 are numbers
        for result in results_
        for winner, place in sides
        if result[place]
    ]
    return tabulate(len(items), verdicts), items


def speed(_: Options) -> Iterator[Figure]:
    """One thread."""
    table = _session(2000, 20, sigma=2.0, seed=1)[1]
    seconds, estimate = _timed(lambda: fit_map(2000, table))
    yield at_most("MAP, n = 2,000, 20,000 verdicts: seconds", seconds, 1.0)
    mean = np.append(estimate.scores, [judge.order_effect for judge in estimate.judges])
    size = float(np.abs(gradient(table, mean, estimate.sigma)).max())
    yield Figure("MAP, n = 2,000: gradient", f"{size:.1e}", "<= 1e-6", size <= 1e-6)
    for n, limit in ((42, 0.2), (500, 3.0)):
        some = _session(n, 12, sigma=2.0, seed=1)[1]
        seconds, _fit = _timed(partial(fit, n, some))
        yield at_most(f"variational fit, n = {n}: seconds", seconds, limit)


def _timed(action: Callable[[], Fit]) -> tuple[float, Fit]:
    best, result = np.inf, action()
    for _ in range(3):
        start = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - start)
    return best, result


def _session(n: int, rounds: int, *, sigma: float, seed: int) -> tuple[Floats, VerdictTable]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, sigma, n)
    verdicts = []
    for _ in range(rounds):
        order = rng.permutation(n).tolist()
        for one, other in zip(order[::2], order[1::2], strict=False):
            verdicts.append(_ask(rng, f"judge-{rng.integers(4)}", one, other, truth))
    return truth - truth.mean(), tabulate(n, verdicts)


def _ask(rng: np.random.Generator, judge: str, one: int, other: int, truth: Floats) -> Verdict:
    won = rng.random() < 1 / (1 + np.exp(truth[other] - truth[one]))
    return Verdict(judge, one, other, "first" if won else "second")


def efficiency(options: Options) -> Iterator[Figure]:
    """Comparisons an essay until the mean Spearman correlation with the truth is .90."""
    found = {}
    for rule in ("balanced", "information"):
        rounds = average(Setting(100, 2.0, 14, rule), range(2 * options.seeds))
        found[rule] = _reaches(rounds, 0.90)
    yield for_comparison("n = 100, sigma = 2: k to Spearman .90, balanced", found["balanced"], "")
    yield at_most("n = 100, sigma = 2: k to Spearman .90, adaptive", found["information"], 9.0, 2)


def _reaches(rounds: Sequence[Round], goal: float) -> float:
    k = [round_.comparisons_per_essay for round_ in rounds]
    return float(np.interp(goal, [round_.spearman for round_ in rounds], k))


def honesty(options: Options) -> Iterator[Figure]:
    """From the fourth comparison an essay on, n = 60."""
    for sigma in (1.0, 2.0):
        for rule in RULES:
            rounds = average(Setting(60, sigma, 14, rule), range(options.seeds))[3:]
            gaps = [r.reported_reliability - r.true_reliability for r in rounds]
            worst = max(gaps, key=abs)
            what = f"sigma = {sigma:g}, {rule}"
            yield Figure(
                f"{what}: reported minus true reliability, worst",
                f"{worst:+.3f}",
                "within .06",
                abs(worst) <= 0.06,
            )
            yield at_least(
                f"{what}: coverage of 95 % intervals, lowest", min(r.coverage for r in rounds), 0.88
            )
            flattery = max(r.ssr - r.true_reliability for r in rounds)
            yield for_comparison(f"{what}: SSR minus true reliability, worst", flattery, "")


def coin(options: Options) -> Iterator[Figure]:
    """A judge who tosses a coin, n = 100, 16 rounds."""
    for rule in RULES:
        rounds = average(Setting(100, 2.0, 16, rule, judge="coin"), range(options.seeds // 2))
        last = rounds[-1]
        what = f"coin, {rule}: reported reliability"
        if rule == "swiss":
            yield at_most(what, last.reported_reliability, 0.15)
        else:
            yield for_comparison(what, last.reported_reliability, "")
        yield at_most(f"coin, {rule}: share of sessions stopped as good", last.stopped, 0.0)
        yield for_comparison(f"coin, {rule}: SSR", last.ssr, "")


def stopping(options: Options) -> Iterator[Figure]:
    """Where the stop rule ends a session, n = 100."""
    early = sessions = 0
    for sigma, expected in ((2.0, "about 11"), (1.5, "about 14"), (1.0, "20-23")):
        ends = []
        for seed in range(options.seeds):
            rounds = (round_ for round_, _, _ in play(Setting(100, sigma, 35), seed))
            end = next((round_ for round_ in rounds if round_.stopped), None)
            if end:
                ends.append(end.comparisons_per_essay)
                early += end.true_reliability < 0.75
            sessions += 1
        yield for_comparison(f"sigma = {sigma:g}: k where it stops", float(np.mean(ends)), expected)
    yield at_most("share of sessions stopped below a true .75", early / sessions, 0.04)


def order(options: Options) -> Iterator[Figure]:
    """A judge who leans to one side by 1.2 logits."""
    for effect in (1.2, -1.2):
        found = []
        for seed in range(options.seeds):
            setting = Setting(60, 1.5, 10, order_effect=effect)
            *_, (_, estimate, truth) = play(setting, seed)
            found.append(correlation(estimate.scores - truth, np.arange(60.0)))
        yield at_most(
            f"order effect {effect:+}: |correlation of error with upload order|",
            abs(float(np.mean(found))),
            0.1,
        )


def careless(options: Options) -> Iterator[Figure]:
    """One of eight judges tosses a coin; 60 verdicts each, sigma = 2, 48 essays."""
    found, wrongly = [], []
    for seed in range(3 * options.seeds):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, 2, 48)
        verdicts = []
        for judge in range(8):
            felt = truth if judge else np.zeros(48)
            for _ in range(60):
                one, other = rng.choice(48, 2, replace=False).tolist()
                verdicts.append(_ask(rng, f"judge-{judge}", one, other, felt))
        first, *others = judge_quality(48, verdicts)
        found.append(first.flagged)
        wrongly += [other.flagged for other in others]
    yield at_least("careless judge found", float(np.mean(found)), 0.95)
    yield at_most("good judges flagged", float(np.mean(wrongly)), 0.05)


def grading(options: Options) -> Iterator[Figure]:
    """12 anchors, two a grade; 60 essays, 20 rounds, sigma = 1.5, a teacher's noise of 0.3."""
    kappa, chances, truths, near = [], [], [], []
    for seed in range(2 * options.seeds):
        truth, table = _session(72, 20, sigma=1.5, seed=seed)
        rng = np.random.default_rng([seed, 1])
        felt = truth + rng.normal(0, 0.3, 72)
        given = np.searchsorted(1.5 * np.array([-1.4, -0.7, 0, 0.7, 1.4]), felt)
        anchors = [
            int(item)
            for grade in range(6)
            for item in rng.permutation(np.flatnonzero(given == grade))[:2]
        ]
        estimate = fit(72, table)
        result = grades(
            estimate.scores,
            estimate.centred_variances,
            {item: SWEDISH[given[item]] for item in anchors},
        )
        if not isinstance(result, GradeProjection):
            raise TypeError(result.reason)
        rest = np.setdiff1d(np.arange(72), anchors)
        found = np.array([SWEDISH.index(grade) for grade in result.grades])
        kappa.append(_weighted_kappa(given[rest], found[rest], 6))
        near.append(np.mean(np.abs(given - found)[rest] <= 1))
        chances.append(result.probabilities[rest].ravel())
        truths.append(np.eye(6)[given[rest]].ravel())
    yield at_least("grades: quadratic weighted kappa", float(np.mean(kappa)), 0.82)
    yield at_least("grades: within one grade", float(np.mean(near)), 0.96)
    error = _calibration_error(np.concatenate(chances), np.concatenate(truths))
    yield at_most("grades: calibration error", error, 0.08)


def _weighted_kappa(one: np.ndarray, other: np.ndarray, count: int) -> float:
    observed = np.zeros((count, count))
    np.add.at(observed, (one, other), 1)
    distance = np.subtract.outer(np.arange(count), np.arange(count)) ** 2
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    return float(1 - (distance * observed).sum() / (distance * expected).sum())


def _calibration_error(chance: Floats, truth: Floats) -> float:
    """Expected calibration error over ten equal bins of probability."""
    bins = np.minimum((chance * 10).astype(int), 9)
    gaps = [(chance - truth)[bins == b].sum() for b in range(10)]
    return float(np.abs(gaps).sum() / len(chance))


def offline(options: Options) -> Iterator[Figure]:
    """The offline judge on the ASAP prompts: against human scores, and against cheats."""
    if options.data is None:
        yield Figure("offline judge: mean Spearman", "no --data", ">= 0.7", None)
        return
    found = []
    gains: dict[str, list[float]] = defaultdict(list)
    for prompt, essays in _prompts(options.data / "asap_prompts_1_3_5_7.tsv"):
        texts = [essay["essay"] for essay in essays]
        human = np.array([float(essay["score"]) for essay in essays])
        measured = [offline_judge.features(text, "en") for text in texts]
        quality = offline_judge.quality(measured)
        found.append(spearman(quality, human))
        yield at_least(f"offline judge, prompt {prompt}: Spearman with scores", found[-1], 0.65)
        length = np.array([float(len(text.split())) for text in texts])
        yield for_comparison(f"prompt {prompt}: length alone", spearman(length, human), "")
        _cheat(texts, measured, gains, seed=int(prompt))
    yield at_least("offline judge: mean Spearman", float(np.mean(found)), 0.70)
    for name, gain in gains.items():
        yield at_most(f"percentiles gained by {name}, mean", 100 * float(np.mean(gain)), 10, 1)


def _prompts(path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    csv.field_size_limit(10**9)
    essays = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            essays[row["essay_set"]].append(row)
    yield from sorted(essays.items())


FANCY = tuple(
    word.strip()
    for word in [
        "\n    plethora",
        " myriad",
        " quintessential",
        " juxtaposition",
        " ubiquitous",
        " ephemeral",
        " paradigm",
        " cacophony",
        "\n    serendipity",
        " idiosyncratic",
        " perspicacious",
        " magnanimous",
        " surreptitious",
        " amalgamation",
        " dichotomy",
        "\n    conundrum",
        " indefatigable",
        " ameliorate",
        " exacerbate",
        " multifaceted",
        " unprecedented",
        " profound",
        "\n    intricate",
        " fundamental",
        " substantial\n    ",
    ]
)


def _cheats(rng: random.Random) -> dict[str, Callable[[str], str]]:
    def sentences(text: str) -> list[str]:
        return re.split(r"(?<=[.!?])\s+", text)

    def shuffled(text: str) -> str:
        words = text.split()
        rng.shuffle(words)
        return " ".join(words)

    def strewn(text: str) -> str:
        return " ".join(
            f"{rng.choice(FANCY)} {word}" if rng.random() < 0.1 else word for word in text.split()
        )

    def mixed(text: str) -> str:
        parts = sentences(text)
        rng.shuffle(parts)
        return f"{text} {' '.join(parts)}"

    return {
        "pasting twice": lambda text: f"{text}\n\n{text}",
        "pasting twice, sentences mixed": mixed,
        "shuffling words": shuffled,
        "shuffling within sentences": lambda text: " ".join(map(shuffled, sentences(text))),
        "strewing fancy words": strewn,
        "a list of fancy words": lambda text: f"{text} {', '.join(FANCY)}.",
        "a list of connectives": lambda text: (
            f"{text} However, therefore, moreover, furthermore, thus, in addition, in conclusion."
        ),
        "commas everywhere": lambda text: text.replace(" ", ", "),
    }


def _cheat(
    texts: Sequence[str],
    measured: Sequence[offline_judge.Features],
    gains: dict[str, list[float]],
    seed: int,
) -> None:
    """Change one of 200 essays at a time and note how many percentiles it gains among them."""
    rng = random.Random(seed)
    texts, batch = texts[:200], list(measured[:200])
    before = offline_judge.quality(batch)
    for name, cheat in _cheats(rng).items():
        for place in rng.sample(range(len(batch)), 15):
            gamed = [*batch]
            gamed[place] = offline_judge.features(cheat(texts[place]), "en")
            after = offline_judge.quality(gamed)
            gains[name].append(_percentile(after, place) - _percentile(before, place))


def _percentile(values: Floats, place: int) -> float:
    below = np.sum(values < values[place]) + 0.5 * np.sum(values == values[place])
    return float(below / len(values))


def degenerate(_: Options) -> Iterator[Figure]:
    """Logs that say little or nothing."""
    logs: dict[str, tuple[int, list[Verdict]]] = {
        "empty": (5, []),
        "no item": (0, []),
        "one verdict": (5, [Verdict("a", 0, 1, "first")]),
        "two components": (5, [Verdict("a", 0, 1, "first"), Verdict("a", 2, 3, "tie")] * 4),
        "wins all": (5, [Verdict("a", 0, i, "first") for i in range(1, 5)] * 9),
        "loses all": (5, [Verdict("a", 0, i, "second") for i in range(1, 5)] * 9),
    }
    for name, (n, log) in logs.items():
        table = tabulate(n, log)
        scores = (fit(n, table).scores, fit_map(n, table).scores, fit_epsilon(n, table).scores)
        finite = all(bool(np.isfinite(score).all()) for score in scores)
        groups = len(table.components)
        yield Figure(f"{name}: finite scores, components", f"{finite}, {groups}", "finite", finite)


ROWS: dict[str, Callable[[Options], Iterator[Figure]]] = {
    "published": published,
    "speed": speed,
    "degenerate": degenerate,
    "offline": offline,
    "grading": grading,
    "careless": careless,
    "order": order,
    "coin": coin,
    "efficiency": efficiency,
    "stopping": stopping,
    "honesty": honesty,
}
