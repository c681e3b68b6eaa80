"""Verdicts as people and models give them, and as the estimators read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Winner = Literal["first", "second", "tie"]

_OUTCOME = {"first": 1, "second": -1, "tie": 0}
_SLIGHTLY, _CLEARLY = 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison: `first` was shown first, `degree` is 1 (slightly) or 2 (clearly) better.

    Verdicts with the same `id` are deliveries of one verdict and count once.
    """

    judge: str
    first: int
    second: int
    winner: Winner
    degree: int | None = None
    weight: float = 1.0
    id: str | None = None


@dataclass(frozen=True)
class VerdictTable:
    """Verdicts as columns; equal rows are merged and their weights added.

    `outcome` is 1 where the first won, -1 where the second did, 0 for a tie; `degree` is 0 where
    none was given; `judge` indexes `judges`, which are sorted by name. Rows are in a canonical
    order, so neither the order of arrival nor splitting a weight changes any estimate by a bit.
    """

    n: int
    judges: tuple[str, ...]
    judge: Ints
    first: Ints
    second: Ints
    outcome: Ints
    degree: Ints
    weight: Floats

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def share_first(self) -> Floats:
        """1 where the first won, 0 where the second did, one half for a tie."""
        share: Floats = (self.outcome + 1) / 2
        return share

    @property
    def comparisons(self) -> float:
        return float(self.weight.sum())

    @cached_property
    def per_item(self) -> Floats:
        """Comparisons each item took part in."""
        return per_end(self.first, self.second, self.weight, self.n)

    @cached_property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Groups of items connected by comparisons, the largest first; alone is a group too."""
        return connected(self.n, zip(self.first.tolist(), self.second.tolist(), strict=True))

    def only(self, rows: npt.NDArray[np.bool_]) -> "VerdictTable":
        return VerdictTable(
            self.n,
            self.judges,
            self.judge[rows],
            self.first[rows],
            self.second[rows],
            self.outcome[rows],
            self.degree[rows],
            self.weight[rows],
        )


def add_up(index: Ints, values: Floats, size: int) -> Floats:
    """Sum the values that share an index."""
    return np.bincount(index, values, size).astype(np.float64, copy=False)


def per_end(first: Ints, second: Ints, values: Floats, n: int) -> Floats:
    """Sum the values of the rows in which each item stands first or second."""
    return add_up(first, values, n) + add_up(second, values, n)


def tabulate(n: int, verdicts: Iterable[Verdict] | VerdictTable) -> VerdictTable:
    """Columns from verdicts. Raises ValueError for a verdict that cannot be one."""
    if isinstance(verdicts, VerdictTable):
        return verdicts
    rows = sorted(
        (v.judge, v.first, v.second, _OUTCOME[v.winner], v.degree or 0, v.weight)
        for v in _checked_once(n, verdicts)
    )
    judges = tuple(sorted({row[0] for row in rows}))
    number = {judge: index for index, judge in enumerate(judges)}
    weights: dict[tuple[int, ...], float] = {}
    for name, *pair, weight in rows:
        key = (number[name], *pair)
        weights[key] = weights.get(key, 0.0) + weight
    values = np.fromiter(weights.values(), dtype=np.float64, count=len(weights))
    judge, first, second, outcome, degree = np.array(list(weights), dtype=np.intp).reshape(-1, 5).T
    return VerdictTable(n, judges, judge, first, second, outcome, degree, values)


def _checked_once(n: int, verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    seen: set[str] = set()
    for verdict in verdicts:
        if not (0 <= verdict.first < n and 0 <= verdict.second < n):
            raise ValueError(f"{verdict} names an item outside 0..{n - 1}")
        if verdict.first == verdict.second:
            raise ValueError(f"{verdict} compares an item with itself")
        if verdict.winner not in _OUTCOME:
            raise ValueError(f"{verdict}: the winner is first, second or tie")
        if verdict.degree not in (None, _SLIGHTLY, _CLEARLY):
            raise ValueError(f"{verdict}: the degree is 1 (slightly) or 2 (clearly)")
        if not 0 < verdict.weight < np.inf:
            raise ValueError(f"{verdict}: a weight is positive and finite")
        if verdict.id is None or verdict.id not in seen:
            yield verdict
        if verdict.id is not None:
            seen.add(verdict.id)


def connected(n: int, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Find the connected components, the largest first, each in ascending order."""
    root = list(range(n))

    def find(item: int) -> int:
        while root[item] != item:
            root[item] = root[root[item]]
            item = root[item]
        return item

    for first, second in pairs:
        one, other = sorted((find(first), find(second)))
        root[other] = one
    groups: dict[int, list[int]] = {}
    for item in range(n):
        groups.setdefault(find(item), []).append(item)
    return tuple(tuple(group) for group in sorted(groups.values(), key=lambda g: (-len(g), g[0])))
