"""Which pairs to compare next, and which text to show first.

Three rounds of random matchings, then the pairs whose verdicts are expected to tell most: the
mutual information H(E p) - E H(p) between the verdict and the difference x ~ N(d, v), p =
logistic(x), H the binary entropy (Mikhailiuk et al. 2020), picked greedily so that every item
appears once a round. Above 1,000 items neighbours in score are paired instead (Swiss). A tenth of
the pairs stays random, for audit. Which text is shown first never depends on the scores.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np

from services.cj_assessment_service.domain.fit import Fit, logistic
from services.cj_assessment_service.domain.verdicts import Floats, Ints, connected

Pair = tuple[int, int]
Rule = Literal["random", "balanced", "swiss", "information"]

RANDOM_ROUNDS = 3
AUDIT_SHARE = 0.1
ANCHOR_MEETINGS = 2
LARGEST_FOR_INFORMATION = 1000
NEIGHBOURS = 12
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def next_pairs(
    fit: Fit | None,
    n: int,
    seen: Collection[Pair],
    round: int,  # noqa: A002 the field's word
    *,
    anchors: Collection[int] = (),
    seed: int = 0,
    rule: Rule = "information",
) -> list[Pair]:
    """Pairs (first, second) for a round, counted from 1; empty when every pair has been seen.

    `seen` holds every pair presented so far, in the order it was shown where that is known: a pair
    does not come twice in any order, and each item is shown first about as often as second. Every
    item appears once, one of an odd number twice; anchors, and items that came late, may appear
    more often. From the fourth round on every item has met two anchors, where there are two.

    `rule` is for comparison: "balanced" stays with random matchings, "swiss" pairs neighbours at
    any n, "random" draws the pairs of a round without regard to who plays how often.
    """
    taken = {_sorted(pair) for pair in seen}
    wanted = _wanted(fit, n, taken, round, seed, rule)
    if rule == "random":
        return present(wanted.top((n + 1) // 2), seen, n, seed)
    chosen = _for_anchors(n, taken, round, anchors, wanted)
    busy = {item for pair in chosen for item in pair}
    if fit is not None and round > RANDOM_ROUNDS and rule != "balanced":
        chosen += _audit(n, taken, busy, np.random.default_rng([seed, round, 1]))
    chosen += wanted.matching(busy)
    again = [item for item in range(n) if item not in busy] + _late(n, taken)
    chosen += wanted.best_for(again, set(chosen))
    if round >= RANDOM_ROUNDS - 1:
        chosen += _bridges(n, taken.union(chosen), np.random.default_rng([seed, round, 2]))
    return present(chosen, seen, n, seed)


def newcomers(n: int, before: Collection[Pair], seen: Collection[Pair]) -> dict[int, int]:
    """Items with less than half the comparisons that the others had `before`, all of them so far.

    By item, how many it lacks by now (`seen`) to have as many as they had; none if there were no
    others.
    """
    had = _counts(n, before)
    if not had.any():
        return {}
    usual = min(int(np.median(had[had > 0])), n - 1)
    lacking = usual - _counts(n, seen)
    behind = np.flatnonzero((had < usual / 2) & (lacking > 0)).tolist()
    return {item: int(lacking[item]) for item in behind}


def for_newcomers(
    fit: Fit,
    n: int,
    seen: Collection[Pair],
    wishes: Mapping[int, int],
    *,
    anchors: Collection[int] = (),
    seed: int = 0,
) -> list[Pair]:
    """Pairs (first, second) of these items with others, as many for each as it wishes.

    They are those that are expected to tell most, and one with an anchor until it has met two. The
    newcomers do not meet one another: nothing is known yet of either.
    """
    if not wishes:
        return []
    taken = {_sorted(pair) for pair in seen}
    every = _wanted(fit, n, taken, RANDOM_ROUNDS + 1, seed, "information")
    new = np.isin(every.first, list(wishes)) != np.isin(every.second, list(wishes))
    wanted = _Wanted(n, every.first[new], every.second[new])
    chosen = _for_anchors(n, taken, RANDOM_ROUNDS + 1, anchors, wanted)
    for item, wish in wishes.items():
        left = wish - sum(item in pair for pair in chosen)
        chosen += wanted.best_for([item] * left, set(chosen))
    return present(chosen, seen, n, seed)


def present(pairs: Iterable[Pair], seen: Collection[Pair], n: int, seed: int) -> list[Pair]:
    """Put one item of each pair first: the one that was first less often, else by a hash."""
    lead = [0] * n
    for first, second in seen:
        lead[first] += 1
        lead[second] -= 1
    shown = []
    for low, high in map(_sorted, pairs):
        swap = lead[low] > lead[high] or (lead[low] == lead[high] and _hash(seed, low, high) % 2)
        first, second = (high, low) if swap else (low, high)
        lead[first] += 1
        lead[second] -= 1
        shown.append((first, second))
    return shown


def swap_audit(
    presented: Sequence[Pair], seen: Collection[Pair], seed: int, share: float = AUDIT_SHARE
) -> list[Pair]:
    """About `share` of a round's pairs in the other order, to measure a judge's consistency.

    A pair that was shown in both orders before is not asked a third time.
    """
    known = set(seen)
    return [
        (second, first)
        for first, second in presented
        if (second, first) not in known
        and _hash(seed, "swap", *_sorted((first, second))) % 1000 < 1000 * share
    ]


def information(distance: Floats, variance: Floats) -> Floats:
    """Compute the expected information, in nats, of a verdict on x ~ N(distance, variance)."""
    x = distance[:, None] + np.sqrt(variance)[:, None] * _NODES
    chance = logistic(x)
    # H(p) = log(1 + e^x) - p x stays exact where p is 0 or 1.
    single = (np.logaddexp(0.0, x) - chance * x) @ _WEIGHTS
    pooled = np.clip(chance @ _WEIGHTS, 1e-300, 1 - 1e-16)
    joint = -pooled * np.log(pooled) - (1 - pooled) * np.log1p(-pooled)
    gain: Floats = joint - single
    return gain


@dataclass(frozen=True)
class _Wanted:
    """Unseen pairs (first < second) by falling value."""

    n: int
    first: Ints
    second: Ints

    def top(self, count: int) -> list[Pair]:
        return list(zip(self.first[:count].tolist(), self.second[:count].tolist(), strict=True))

    def matching(self, busy: set[int]) -> list[Pair]:
        """Greedy: the best pair of items that are both free; marks them busy."""
        pairs = []
        for first, second in zip(self.first.tolist(), self.second.tolist(), strict=True):
            if first not in busy and second not in busy:
                pairs.append((first, second))
                busy.update((first, second))
                if len(busy) >= self.n - 1:
                    break
        return pairs

    def best_for(self, items: Sequence[int], chosen: set[Pair]) -> list[Pair]:
        """For each of the items its best pair that is not chosen yet, where there is one."""
        pairs: list[Pair] = []
        for item in items:
            mine = np.flatnonzero((self.first == item) | (self.second == item)).tolist()
            options = ((int(self.first[row]), int(self.second[row])) for row in mine)
            best = next((pair for pair in options if pair not in chosen), None)
            if best is not None:
                pairs.append(best)
                chosen.add(best)
        return pairs


def _wanted(
    fit: Fit | None, n: int, taken: set[Pair], round_: int, seed: int, rule: Rule
) -> _Wanted:
    adaptive = fit is not None and round_ > RANDOM_ROUNDS and rule in {"swiss", "information"}
    if fit is None or not adaptive:
        first, second = _unseen(n, taken, *np.triu_indices(n, 1))
        value = np.random.default_rng([seed, round_, 0]).random(len(first))
    elif rule == "information" and n <= LARGEST_FOR_INFORMATION:
        first, second = _unseen(n, taken, *np.triu_indices(n, 1))
        distance = fit.scores[first] - fit.scores[second]
        value = information(distance, fit.difference_variances(first, second))
    else:
        order = np.argsort(-fit.scores, kind="stable")
        reach = min(n - 1, NEIGHBOURS + round_)
        place = np.concatenate([np.arange(n - gap) for gap in range(1, reach + 1)])
        gap = np.repeat(np.arange(1, reach + 1), n - np.arange(1, reach + 1))
        one, other = order[place], order[place + gap]
        first, second = _unseen(n, taken, np.minimum(one, other), np.maximum(one, other))
        value = -np.abs(fit.scores[first] - fit.scores[second])
    best = np.argsort(-value, kind="stable")
    return _Wanted(n, first[best], second[best])


def _unseen(n: int, taken: set[Pair], first: Ints, second: Ints) -> tuple[Ints, Ints]:
    codes = np.fromiter((one * n + other for one, other in taken), dtype=np.intp, count=len(taken))
    new = ~np.isin(first * n + second, codes)
    return first[new], second[new]


def _audit(n: int, taken: set[Pair], busy: set[int], rng: np.random.Generator) -> list[Pair]:
    """Random pairs of free items, a tenth of the round on average; marks them busy."""
    free = [item for item in rng.permutation(n).tolist() if item not in busy]
    count = int(AUDIT_SHARE * len(free) / 2 + rng.random())
    pairs = []
    for one, other in zip(free[: 2 * count : 2], free[1 : 2 * count : 2], strict=False):
        if _sorted((one, other)) not in taken:
            pairs.append(_sorted((one, other)))
            busy.update((one, other))
    return pairs


def _for_anchors(
    n: int, taken: set[Pair], round_: int, anchors: Collection[int], wanted: _Wanted
) -> list[Pair]:
    """In the third and fourth round, one anchor for each item that has met too few."""
    due = min(len(anchors), ANCHOR_MEETINGS, max(0, round_ - RANDOM_ROUNDS + 1))
    if not due:
        return []
    known = set(anchors)
    met = [0] * n
    for one, other in taken:
        met[one] += other in known
        met[other] += one in known
    lacking = {item for item in range(n) if item not in known and met[item] < due}
    room = dict.fromkeys(known, -(-len(lacking) // len(known)) + 1)
    pairs = []
    for pair in zip(wanted.first.tolist(), wanted.second.tolist(), strict=True):
        item, anchor = pair if pair[1] in known else pair[::-1]
        if item in lacking and room.get(anchor, 0):
            pairs.append(pair)
            lacking.remove(item)
            room[anchor] -= 1
    return pairs


def _late(n: int, taken: set[Pair]) -> list[int]:
    """Items with less than half the comparisons of the others, which get one more a round."""
    counts = _counts(n, taken)
    late: list[int] = np.flatnonzero(counts < np.median(counts) / 2).tolist() if n else []
    return late


def _counts(n: int, pairs: Collection[Pair]) -> Ints:
    return np.bincount(np.array(list(pairs), dtype=np.intp).ravel(), minlength=n)


def _bridges(n: int, pairs: Iterable[Pair], rng: np.random.Generator) -> list[Pair]:
    """One random pair from each smaller component to the largest."""
    largest, *others = connected(n, pairs) or ((),)
    return [_sorted((int(rng.choice(other)), int(rng.choice(largest)))) for other in others]


def _sorted(pair: Pair) -> Pair:
    one, other = pair
    return (one, other) if one < other else (other, one)


def _hash(*parts: object) -> int:
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest)
