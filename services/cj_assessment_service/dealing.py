"""Who is asked about which pair, where a batch has several judges."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from common_core.judges import PEOPLE
from services.cj_assessment_service.assessment import Dealt, Pair


def deal(
    pairs: Iterable[Pair], judges: Sequence[str], *, seed: int, people_share: float
) -> list[Dealt]:
    """Each pair to one judge, by a hash of the batch's texts and the pair: it never varies.

    People get about `people_share` of the pairs, the other judges the rest in equal shares.
    """
    others = [judge for judge in judges if judge != PEOPLE]
    dealt: list[Dealt] = []
    for pair in pairs:
        chance = _chance(seed, pair)
        if PEOPLE in judges and (not others or chance < people_share):
            dealt.append((PEOPLE, pair))
        else:
            share = (chance - people_share) / (1 - people_share) if PEOPLE in judges else chance
            dealt.append((others[int(share * len(others))], pair))
    return dealt


def _chance(seed: int, pair: Pair) -> float:
    low, high = sorted(pair)
    digest = blake2b(f"{seed}/judge/{low}/{high}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48
