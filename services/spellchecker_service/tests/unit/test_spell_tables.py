"""The hashed tables of the index: what was put in is found, and next to nothing else."""

import numpy as np
import pytest

from services.spellchecker_service.domain.hashing import word_key
from services.spellchecker_service.domain.tables import ID_BITS, Table, posted, postings, table

COUNT = 5_000
KEYS = [word_key(f"word {number}") for number in range(COUNT)]


def test_a_key_leads_to_its_own_values_and_an_absent_one_to_none() -> None:
    arrays = table("word", np.array(KEYS, np.uint64), number=np.arange(COUNT))
    found = Table(arrays, "word")

    assert [arrays["word_number"][found.place(key)] for key in KEYS] == list(range(COUNT))
    absent = [key ^ 1 << bit for key in KEYS[:200] for bit in (16, 30, 47, 48, 63)]
    assert {found.place(key) for key in absent} == {-1}
    assert {found.place(key) for key in (0, (1 << 64) - 1)} == {-1}


@pytest.mark.parametrize("number", [0, (1 << ID_BITS) - 1])
def test_all_candidates_under_a_key_are_found_each_once(number: int) -> None:
    keys = np.array([*KEYS, *KEYS[:10], KEYS[0], KEYS[0]], np.uint64)
    numbers = np.array([*range(1, COUNT + 1), *range(101, 111), 1, number])
    arrays = postings("left", keys, numbers)

    asked = np.array([KEYS[0], word_key("absent"), KEYS[3], KEYS[0]], np.uint64)
    owners, candidates = posted(arrays, "left", asked, np.array([7, 8, 9, 5]))

    assert sorted(zip(owners.tolist(), candidates.tolist(), strict=True)) == sorted(
        [(7, 1), (7, 101), (7, number), (9, 4), (9, 104), (5, 1), (5, 101), (5, number)]
    )
