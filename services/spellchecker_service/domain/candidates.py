"""What could be meant by a word that is not known: near it in letters, or alike in sound."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .channel import distances
from .hashing import PREFIX, deletion_keys, encode, letter_sets, sound_hashes
from .index_files import WIDTH
from .lexicon import LN10, Lexicon
from .phonetics import Language, phonetic_key, spoken
from .tables import ID_BITS, Integers, distinct, posted

Floats = npt.NDArray[np.float32]

_COMPARED = 80
"""So many candidates of a word are compared letter by letter."""
_BATCH = 2048
_AT_ONCE = 500
"""So many words are looked up together: more take memory, and are no faster."""
_LENGTH_DIFFERENCE = 4
_UNLIKE, _UNLIKE_BY_A_SLIP = 6, 2
_HEARD: dict[Language, float] = {"en": 0.0, "sv": 1.5}
"""How much sounding alike counts beside that: in Swedish it makes two words near each other."""
_USUAL = 3.5
"""Zipf frequency from which a word is a usual one."""
SHARPNESS = 5.0
"""Nats that one unlikely slip costs."""
FREQUENCY: dict[Language, float] = {"en": 0.8, "sv": 0.8}
"""How much the frequency of a word counts beside its distance."""
SOUNDS_ALIKE: dict[Language, float] = {"en": 0.8, "sv": 0.5}
BY_SOUND = 0.8
"""The distance of two spellings of one sound in Swedish, where sj, tj and j have many."""
CONCAVE = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """`number` in the lexicon, `distance` in unlikely slips, `score` in nats."""

    number: int
    distance: float
    score: float


def _first_of_each(owners: Integers, order: Integers, kept: int) -> Integers:
    """The first `kept` of each owner's places in `order`, which is sorted by owner."""
    sorted_owners = owners[order]
    begins = np.searchsorted(sorted_owners, sorted_owners)
    return order[np.arange(len(order)) - begins < kept]


def _plausible(
    rows: npt.NDArray[np.uint8],
    rare: npt.NDArray[np.bool_],
    owners: Integers,
    numbers: Integers,
    sounds: npt.NDArray[np.uint32],
    lexicon: Lexicon,
) -> tuple[Integers, Integers]:
    """The pairs worth comparing: of like length and letters, frequent ones first.

    `sounds` are the hashed keys of the rows by sound; `rare` tells of which rows only usual words
    a slip away are wanted.
    """
    arrays = lexicon.arrays
    wanted = ~rare[owners] | (arrays["candidate_zipf"][numbers] >= _USUAL)
    owners, numbers = owners[wanted], numbers[wanted]
    pairs = distinct((owners << ID_BITS) | numbers)
    owners, numbers = pairs >> ID_BITS, pairs & ((1 << ID_BITS) - 1)
    lengths = (rows > 0).sum(axis=1)
    difference = np.abs(lengths[owners] - arrays["lengths"][numbers].astype(np.int64))
    unlike = np.bitwise_count(letter_sets(rows)[owners] ^ arrays["letters"][numbers])
    most_unlike = np.where(rare, _UNLIKE_BY_A_SLIP, _UNLIKE)[owners]
    likely = (difference <= _LENGTH_DIFFERENCE) & (unlike <= most_unlike)
    owners, numbers = owners[likely], numbers[likely]
    promise = arrays["candidate_zipf"][numbers] - 1.1 * unlike[likely] - 0.7 * difference[likely]
    promise += _HEARD[lexicon.language] * (sounds[owners] == arrays["sound_of"][numbers])
    chosen = _first_of_each(owners, np.lexsort((-promise, owners)), _COMPARED)
    return owners[chosen], numbers[chosen]


def _compare(
    written: npt.NDArray[np.uint8],
    numbers: Integers,
    lexicon: Lexicon,
    spelling: Literal["rows", "spoken"] = "rows",
) -> Floats:
    """Distances in batches of like length, so that little is computed for nothing."""
    result = np.zeros(len(numbers), np.float32)
    order = np.argsort((written > 0).sum(axis=1), kind="stable")
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        meant = lexicon.arrays[spelling][numbers[batch]]
        result[batch] = distances(written[batch], meant, lexicon.language)
    return result


def gather(
    words: Sequence[str], lexicon: Lexicon, kept: int, rare: Collection[str] = ()
) -> list[list[Candidate]]:
    """The best `kept` candidates of each word by distance and frequency, best first.

    Of `rare` ones among the words only usual words a slip away are candidates.
    """
    result: list[list[Candidate]] = []
    for start in range(0, len(words), _AT_ONCE):
        result += _gather(words[start : start + _AT_ONCE], lexicon, kept, rare)
    return result


def _gather(
    words: Sequence[str], lexicon: Lexicon, kept: int, rare: Collection[str]
) -> list[list[Candidate]]:
    result: list[list[Candidate]] = [[] for _ in words]
    arrays = lexicon.arrays
    rows = encode(list(words), WIDTH)
    keys = [phonetic_key(word, lexicon.language) for word in words]
    near = posted(arrays, "deletions", *deletion_keys(rows[:, :PREFIX], 2))
    alike = posted(arrays, "sounds", *deletion_keys(encode(keys, PREFIX), 1))
    sounds = sound_hashes(keys)
    is_rare = np.array([word in rare for word in words])
    owners, numbers = _plausible(
        rows,
        is_rare,
        np.concatenate((near[0], alike[0])),
        np.concatenate((near[1], alike[1])),
        sounds,
        lexicon,
    )
    distance = _compare(rows[owners], numbers, lexicon)
    same_sound = sounds[owners] == arrays["sound_of"][numbers]
    if lexicon.language == "sv":
        heard_alike = np.flatnonzero(same_sound & (distance > BY_SOUND))
        heard = encode([spoken(word, "sv") for word in words], WIDTH)[owners[heard_alike]]
        by_sound = BY_SOUND + _compare(heard, numbers[heard_alike], lexicon, "spoken")
        distance[heard_alike] = np.minimum(distance[heard_alike], by_sound)
    frequency = arrays["candidate_zipf"][numbers] * LN10 * FREQUENCY[lexicon.language]
    unlikely = np.where(distance > 1, 1 + CONCAVE * (distance - 1), distance)
    score = frequency - SHARPNESS * unlikely + SOUNDS_ALIKE[lexicon.language] * same_sound
    best = _first_of_each(owners, np.lexsort((numbers, -score, owners)), kept)
    for owner, number, far, value in zip(
        owners[best].tolist(),
        numbers[best].tolist(),
        distance[best].tolist(),
        score[best].tolist(),
        strict=True,
    ):
        result[owner].append(Candidate(number, far, value))
    return result
