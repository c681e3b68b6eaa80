"""The state machine of an essay in a phase: decisions only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common_core.events.phase_events import PhaseCompleted
from common_core.phases import PHASES, Phase, fingerprint
from services.essay_lifecycle_service.domain.phase_run import (
    EssayInPhase,
    State,
    answered,
    expired,
    outcome,
    requests,
    started,
)
from services.essay_lifecycle_service.tests.samples import (
    BATCH,
    COMPARISON,
    PROFILE,
    RUN,
    SPELLCHECK,
    answer,
    command,
    essay,
)


def replay(essays: tuple[EssayInPhase, ...], answers: list[PhaseCompleted]) -> list[EssayInPhase]:
    current = {item.essay.essay_id: item for item in essays}
    for completed in answers:
        for moved in answered(current.values(), completed):
            current[moved.essay.essay_id] = moved
    return list(current.values())


def test_independent_essays_are_requested_one_by_one() -> None:
    asked = requests(SPELLCHECK, command(SPELLCHECK, 3))
    assert [request.essays for request in asked] == [(essay(0),), (essay(1),), (essay(2),)]
    assert asked[0].fingerprint == fingerprint(SPELLCHECK, [essay(0)], PROFILE)
    assert len({request.fingerprint for request in asked}) == 3


def test_essays_seen_together_are_requested_at_once() -> None:
    (request,) = requests(COMPARISON, command(COMPARISON, 3))
    assert request.essays == (essay(0), essay(1), essay(2))
    assert request.fingerprint == fingerprint(COMPARISON, request.essays, PROFILE)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_an_answer_moves_the_essays_it_names(phase: Phase) -> None:
    asked = requests(phase, command(phase, 2))
    answers = [answer(phase, request, failing=[1]) for request in asked]
    first, second = replay(started(asked), answers)
    assert (first.state, first.output) == (State.SUCCEEDED, f"{essay(0).text_id}, {phase.name}")
    assert (second.state, second.reason) == (State.FAILED, "The text is broken.")


def test_a_second_answer_changes_nothing() -> None:
    asked = requests(SPELLCHECK, command(SPELLCHECK, 1))
    well, badly = answer(SPELLCHECK, asked[0]), answer(SPELLCHECK, asked[0], failing=[0])
    once = replay(started(asked), [well])
    assert replay(started(asked), [well, badly, well]) == once


def test_an_answer_to_another_request_changes_nothing() -> None:
    asked = requests(SPELLCHECK, command(SPELLCHECK, 1))
    stray = answer(SPELLCHECK, asked[0]).model_copy(update={"fingerprint": "of other settings"})
    assert answered(started(asked), stray) == ()


def test_an_essay_that_expired_stays_so() -> None:
    asked = requests(SPELLCHECK, command(SPELLCHECK, 1))
    late = expired(started(asked), SPELLCHECK)
    assert late[0].reason == "Spelling gave no answer for this essay in time."
    assert answered(late, answer(SPELLCHECK, asked[0])) == ()
    assert expired(late, SPELLCHECK) == ()


@given(st.data())
def test_answers_in_any_order_and_number_lead_to_the_same_outcome(data: st.DataObject) -> None:
    asked = requests(SPELLCHECK, command(SPELLCHECK, 4))
    answers = [answer(SPELLCHECK, request, failing=[2]) for request in asked]
    repeats = data.draw(st.lists(st.sampled_from(answers), max_size=4))
    order = data.draw(st.permutations([*answers, *repeats]))
    closed = outcome(BATCH, RUN, SPELLCHECK.name, replay(started(asked), order))
    assert [item.file_name for item in closed.succeeded] == [
        "essay_0.txt",
        "essay_1.txt",
        "essay_3.txt",
    ]
    assert [item.reason for item in closed.failed] == ["The text is broken."]
