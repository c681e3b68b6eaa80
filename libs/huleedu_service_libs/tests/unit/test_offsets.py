"""How far a partition may be committed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huleedu_service_libs.consumer.offsets import Progress


def progress(*offsets: int) -> Progress:
    made = Progress()
    for offset in offsets:
        made.accept(offset)
    return made


def test_i18_it_stands_at_the_lowest_unresolved_offset() -> None:
    tracked = progress(3, 4, 5)
    tracked.resolve(4)
    tracked.resolve(5)
    assert tracked.to_commit is None
    tracked.resolve(3)
    assert tracked.to_commit == 6


def test_i20_a_hole_is_passed_with_what_lies_before_it() -> None:
    tracked = progress(3, 10)
    tracked.resolve(3)
    assert tracked.to_commit == 10
    tracked.resolve(10)
    assert tracked.to_commit == 11


def test_i21_what_was_committed_is_not_committed_again() -> None:
    tracked = progress(3)
    tracked.resolve(3)
    tracked.committed(4)
    assert tracked.to_commit is None


def test_an_offset_that_comes_again_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="offset 3"):
        progress(3, 3)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.randoms())
def test_i18_i20_i21_in_any_order_of_resolving(gaps: list[int], random: Random) -> None:
    offsets = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    tracked, committed = progress(*offsets), 0
    unresolved = list(offsets)
    shuffled = list(offsets)
    random.shuffle(shuffled)
    for offset in shuffled:
        tracked.resolve(offset)
        unresolved.remove(offset)
        position = tracked.to_commit
        if position is not None:
            assert position > committed
            assert all(position <= left for left in unresolved)
            committed = position
            tracked.committed(position)
    assert committed == offsets[-1] + 1
    assert tracked.pending == 0
