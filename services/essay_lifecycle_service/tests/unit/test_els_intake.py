"""Uploads and slots: decisions only."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from common_core.identifiers import TextId
from services.essay_lifecycle_service.domain.intake import (
    Intake,
    Placement,
    Refusal,
    Upload,
    admit,
    settle,
    surplus_reason,
)
from services.essay_lifecycle_service.tests.samples import essay_ids


def good(name: str, version: str = "1") -> Upload:
    return Upload(name, f"hash {name} {version}", TextId(f"text {name} {version}"))


def bad(name: str, version: str = "1") -> Upload:
    return Upload(name, f"hash {name} {version}", Refusal("no_text", f"{name} has no text."))


def taken_in(slots: int, uploads: Iterable[Upload]) -> tuple[Intake, list[Placement]]:
    intake, placements = Intake(slots), []
    for upload in uploads:
        admission = admit(intake, upload)
        intake = admission.intake
        placements.append(admission.placement)
    return intake, placements


def test_uploads_take_slots_until_none_is_free() -> None:
    intake, placements = taken_in(2, [good("a"), good("b"), good("c")])
    assert placements == [Placement.HELD, Placement.HELD, Placement.SURPLUS]
    assert intake.full
    assert surplus_reason(intake, good("c")) == (
        "The batch is for 2 essays, and it was full when this file came."
    )


def test_a_refused_file_takes_a_slot_and_a_good_one_of_its_name_takes_it_over() -> None:
    intake, placements = taken_in(2, [bad("a"), good("a"), good("b")])
    assert placements == [Placement.HELD] * 3
    assert intake.held == (good("a"), good("b"))
    assert admit(Intake(2, (bad("a"),)), good("a")).replaced == bad("a")


def test_a_refused_file_takes_no_slot_from_one_of_its_name() -> None:
    intake, placements = taken_in(3, [good("a"), bad("a", "2"), bad("b"), bad("b", "2")])
    assert placements[1] is placements[3] is Placement.SUPERSEDED
    assert intake.held == (good("a"), bad("b"))


def test_the_same_name_with_other_content_takes_another_slot() -> None:
    intake, _ = taken_in(2, [good("a"), good("a", "2")])
    assert intake.held == (good("a"), good("a", "2"))


def test_nothing_takes_a_slot_over_once_the_batch_is_ready() -> None:
    ready = Intake(2, (bad("a"), good("b")), ready=True)
    assert admit(ready, good("a")).placement is Placement.SURPLUS
    assert admit(ready, bad("a", "2")).placement is Placement.SUPERSEDED


def test_a_refused_surplus_file_is_reported_with_its_own_reason() -> None:
    assert surplus_reason(Intake(1, (good("a"),)), bad("b")) == "b has no text."


def test_slots_are_settled_by_file_name_then_refused_then_empty() -> None:
    intake, _ = taken_in(5, [good("b", "2"), bad("a"), good("c"), good("b", "1")])
    essays, failed = settle(intake, essay_ids(5))
    assert [(essay.file_name, essay.text_id) for essay in essays] == [
        ("b", "text b 1"),
        ("b", "text b 2"),
        ("c", "text c 1"),
    ]
    assert [(failure.file_name, failure.code) for failure in failed] == [
        ("a", "no_text"),
        (None, "never_uploaded"),
    ]
    assert [essay.essay_id for essay in essays] == list(essay_ids(3))
    assert [failure.essay_id for failure in failed] == list(essay_ids(5)[3:])


uploads = st.lists(
    st.builds(
        lambda refused, name, version: bad(name, version) if refused else good(name, version),
        st.booleans(),
        st.sampled_from("abcde"),
        st.sampled_from("12"),
    ),
    unique=True,
    max_size=12,
)


@given(uploads, st.integers(1, 6))
def test_no_upload_is_lost_and_no_slot_is_taken_twice(arrivals: list[Upload], slots: int) -> None:
    intake, placements = taken_in(slots, arrivals)
    assert len(intake.held) <= slots
    assert len(set(intake.held)) == len(intake.held)
    for upload, placement in zip(arrivals, placements, strict=True):
        if placement is Placement.SURPLUS:
            assert upload not in intake.held
            assert len(intake.held) == slots
        elif not upload.refused:
            assert upload in intake.held
        else:
            assert any(held.file_name == upload.file_name for held in intake.held)


@given(uploads.flatmap(lambda arrivals: st.tuples(st.just(arrivals), st.permutations(arrivals))))
def test_the_order_of_uploads_does_not_matter_without_surplus(
    orders: tuple[list[Upload], list[Upload]],
) -> None:
    settled = []
    for arrivals in orders:
        intake, placements = taken_in(len(arrivals) + 1, arrivals)
        assert Placement.SURPLUS not in placements
        essays, failed = settle(intake, essay_ids(len(arrivals) + 1))
        settled.append((essays, [(failure.file_name, failure.code) for failure in failed]))
    assert settled[0] == settled[1]
