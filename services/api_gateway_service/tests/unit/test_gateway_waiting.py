"""One sentence for each thing that a batch can wait for, and each trouble that can keep it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common_core.domain_enums import BatchStatus, PhaseName
from common_core.http_models import BatchProgress, DeadLetterNote, PhaseProgress, ServiceCondition
from services.api_gateway_service.domain.bodies import Waiting
from services.api_gateway_service.domain.waiting import unheard_of, waiting
from services.api_gateway_service.tests.fakes import WELL
from services.api_gateway_service.tests.samples import progress

THEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOW = THEN + timedelta(seconds=30)
SPELLING = PhaseProgress(
    name=PhaseName.SPELLCHECK, title="Spelling", status="running", done=28, total=30
)


def batch(status: BatchStatus, message: str = "", **changed: Any) -> BatchProgress:
    found = progress(UUID(int=7), status, message)
    return found.model_copy(update={"updated_at": THEN, **changed})


def condition(service: str, **changed: Any) -> ServiceCondition:
    return ServiceCondition.model_validate(WELL | {"service": service} | changed)


def asked(found: BatchProgress, *conditions: ServiceCondition, silent: str = "") -> Waiting:
    return waiting(found, NOW, conditions, silent.split())


def test_a_batch_without_all_its_essays_waits_for_its_owner() -> None:
    found = asked(batch(BatchStatus.AWAITING_ESSAYS, "Waiting for 1 essay: 1 of 2 are here."))
    assert found.sentence == ("Waiting for 1 essay: 1 of 2 are here since 09:30:00 UTC (30 s ago).")
    assert found.advice is not None
    assert found.advice.startswith("Upload them")


def test_a_phase_under_way_says_how_many_are_open_and_when_it_last_moved() -> None:
    found = asked(batch(BatchStatus.RUNNING, phases=(SPELLING,)))
    assert found.sentence == (
        "Spelling is under way: 2 of 30 are open, with no step since 09:30:00 UTC (30 s ago)."
    )
    assert found.advice is None
    assert found.since == THEN


def test_a_phase_that_has_not_moved_for_minutes_deserves_a_look() -> None:
    found = waiting(
        batch(BatchStatus.RUNNING, phases=(SPELLING,)), THEN + timedelta(minutes=4), (), ()
    )
    assert "(4 min ago)" in found.sentence
    assert found.advice is not None
    assert "huleedu trace" in found.advice


def test_people_are_waited_for() -> None:
    found = asked(
        batch(
            BatchStatus.RUNNING,
            "Waiting for 5 comparisons by people.",
            phases=(SPELLING,),
            waiting_for_people=5,
        )
    )
    assert found.sentence.startswith("Waiting for 5 comparisons by people since 09:30:00 UTC")
    assert found.advice is not None


def test_a_paused_batch_waits_for_its_owner() -> None:
    found = asked(batch(BatchStatus.RUNNING, "It is paused.", phases=(SPELLING,), paused=True))
    assert found.advice == "Resume it when it may go on."


@pytest.mark.parametrize("status", [BatchStatus.COMPLETED, BatchStatus.FAILED])
def test_a_batch_that_is_over_waits_for_nothing(status: BatchStatus) -> None:
    found = asked(batch(status, "No essay could be read."), silent="spellchecker_service")
    assert (found.sentence, found.advice, found.troubles) == ("No essay could be read.", None, ())


def test_a_batch_that_has_ended_without_results_says_so() -> None:
    found = asked(batch(BatchStatus.COMPLETED, "All done.", results_ready=False))
    assert found.sentence.startswith("It has ended since 09:30:00 UTC")


@pytest.mark.parametrize(
    ("stuck", "says"),
    [
        (condition("cj", consuming=False, silent_seconds=41), "cj takes no events (for 41 s)"),
        (condition("cj", silent_seconds=41), "cj takes no events (for 41 s)"),
        (
            condition("els", unsent=3, unsent_seconds=12.4),
            "els has 3 events that were not sent, the oldest for 12 s",
        ),
        (
            condition("spell", blocked_seconds=33),
            "spell has tried an event again and again for 33 s",
        ),
    ],
)
def test_what_keeps_a_batch_waiting_stands_in_its_sentence(
    stuck: ServiceCondition, says: str
) -> None:
    found = asked(batch(BatchStatus.RUNNING, phases=(SPELLING,)), stuck)
    assert found.sentence.endswith(f"Something is wrong: {says}.")
    assert [trouble.what for trouble in found.troubles] == [says]
    assert found.advice == found.troubles[0].advice


def test_a_service_that_does_not_answer_is_named() -> None:
    found = asked(batch(BatchStatus.RUNNING, phases=(SPELLING,)), silent="spell cj")
    assert "Something is wrong: spell does not answer." in found.sentence
    assert [trouble.service for trouble in found.troubles] == ["spell", "cj"]


def test_an_event_of_the_batch_that_was_set_aside_comes_first_and_stays_after_the_end() -> None:
    letter = DeadLetterNote(
        id=4, event_type="SpellcheckResultV1", cause="PoisonMessage: no field", since=THEN
    )
    ras = condition("ras", dead_letters=(letter,))
    found = asked(batch(BatchStatus.RUNNING, phases=(SPELLING,)), ras, silent="cj")
    assert "ras could not handle SpellcheckResultV1 and set it aside" in found.sentence
    assert found.advice is not None
    assert "huleedu dead-letters show ras 4" in found.advice

    over = asked(batch(BatchStatus.COMPLETED_WITH_FAILURES, "Done, with gaps."), ras, silent="cj")
    assert [trouble.service for trouble in over.troubles] == ["ras"]


def test_an_idle_and_healthy_system_has_no_trouble() -> None:
    content = condition("content", consuming=None)
    assert asked(batch(BatchStatus.RUNNING, phases=(SPELLING,)), content).troubles == ()


def test_a_batch_that_was_only_registered_says_so() -> None:
    found = unheard_of(THEN, NOW, ["result_aggregator_service"])
    assert found.sentence.startswith("The batch is registered since 09:30:00 UTC")
    assert [trouble.service for trouble in found.troubles] == ["result_aggregator_service"]
