from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from common_core.domain_enums import BatchStatus, PhaseName, RunControl
from common_core.http_models import BatchProgress, BatchResults
from services.result_aggregator_service.domain.heard import (
    Batch,
    Fact,
    HeardEvent,
    fact_id,
    gather,
)
from services.result_aggregator_service.domain.progress import progress
from services.result_aggregator_service.domain.results import is_ready, ready_runs, results
from services.result_aggregator_service.tests.scenario import NOON, Scenario, facts

BATCH = UUID("00000000-0000-4000-8000-000000000001")
scenario = Scenario(BATCH)
ALL = facts([*scenario.both_runs(), scenario.joined()])


def heard(*events: HeardEvent) -> Batch:
    batch = gather(facts(list(events)))
    assert batch is not None
    return batch


def shown(*events: HeardEvent) -> BatchProgress:
    return progress(heard(*events), NOON)


def first_results(batch: Batch) -> BatchResults:
    found = results(batch, batch.runs[0])
    assert found is not None
    return found


@given(order=st.permutations(range(len(ALL))), repeats=st.lists(st.sampled_from(ALL), max_size=5))
def test_read_model_is_the_same_in_whatever_order_and_however_often_events_come(
    order: list[int], repeats: list[Fact]
) -> None:
    kept = {fact_id(fact.data): fact for fact in [*(ALL[index] for index in order), *repeats]}

    batch, expected = gather(kept.values()), gather(ALL)

    assert batch == expected
    assert batch is not None
    assert expected is not None
    assert progress(batch, NOON) == progress(expected, NOON)
    assert list(ready_runs(batch)) == list(ready_runs(expected))


@given(known=st.sets(st.sampled_from(range(len(ALL)))))
def test_anything_heard_so_far_can_be_shown(known: set[int]) -> None:
    batch = gather(ALL[index] for index in known)
    if batch is None:
        assert 0 not in known
        return
    shown = progress(batch, NOON)
    for phase in shown.phases:
        assert 0 <= phase.done <= phase.total
    assert shown.essays_received <= shown.essays_expected
    for run in batch.runs:
        assert (results(batch, run) is not None) == is_ready(batch, run)


def test_batch_is_unknown_until_it_is_registered() -> None:
    assert gather(ALL[1:]) is None


def test_batch_waits_for_the_files_that_have_not_come() -> None:
    waiting = shown(scenario.registered(), scenario.provisioned("a.txt", 0), scenario.rejected())

    assert waiting.status == BatchStatus.AWAITING_ESSAYS
    assert waiting.essays_received == 1
    assert waiting.message == "Waiting for 2 essays: 1 of 4 are here."
    assert [notice.file for notice in waiting.notices] == ["d.pdf"]


def test_refused_file_is_forgotten_when_a_good_one_of_its_name_comes() -> None:
    assert not shown(
        scenario.registered(), scenario.rejected(), scenario.provisioned("d.pdf", 3)
    ).notices


def test_file_beyond_the_slots_does_not_count_as_received() -> None:
    batch = shown(scenario.registered(), scenario.provisioned("e.txt", 4), scenario.excess())

    assert batch.essays_received == 0
    assert batch.notices[0].reason == "The batch was full."


def test_file_that_was_one_too_many_joins_and_is_expected_from_then_on() -> None:
    batch = shown(scenario.registered(), scenario.excess(), scenario.ready(), scenario.joined())
    assert (batch.essays_expected, batch.essays_received, batch.notices) == (5, 4, ())
    assert {phase.total for phase in batch.phases} == {4}


def test_batch_is_at_work_until_who_joined_has_had_a_run() -> None:
    before = [*scenario.first_run(), scenario.joined()]
    between = shown(*before)
    assert (between.status, between.message) == (
        BatchStatus.RUNNING,
        "The essays that have joined come next.",
    )
    [ready] = ready_runs(heard(*before))
    assert ready.run_id == scenario.run_id
    assert shown(*before, scenario.started_again()).status is BatchStatus.RUNNING
    [late] = scenario.joined().essays
    end = scenario.completed(scenario.second_run_id)
    whole = end.model_copy(update={"essays": (*end.essays, late)})
    assert shown(*before, scenario.started_again(), whole).status is end.status


def test_who_joined_a_cancelled_batch_is_not_waited_for() -> None:
    *before, end = scenario.first_run()
    cancelled = scenario.completed().model_copy(update={"status": BatchStatus.CANCELLED})
    assert end == scenario.completed()
    assert shown(*before, scenario.joined(), cancelled).status is BatchStatus.CANCELLED


def test_spelling_counts_the_essays_of_this_run() -> None:
    spelling, comparison = shown(
        scenario.registered(), scenario.ready(), scenario.started(), scenario.spellchecked(1)
    ).phases

    assert (spelling.status, spelling.done, spelling.total) == ("running", 1, 3)
    assert (comparison.status, comparison.done) == ("waiting", 0)


def test_comparison_counts_comparisons_and_says_how_reliable_they_are() -> None:
    spelling, comparison = shown(
        scenario.registered(),
        scenario.ready(),
        scenario.started(),
        scenario.outcome(PhaseName.SPELLCHECK),
        scenario.compared(8),
    ).phases

    assert (spelling.status, spelling.detail) == ("done", "1 could not be done.")
    assert (comparison.status, comparison.done, comparison.total) == ("running", 8, 20)
    assert comparison.detail == "Reliability so far 0.40."


def test_batch_between_its_last_phase_and_its_end_says_that_it_is_done() -> None:
    assert shown(*scenario.first_run()[:-1]).message == "Done; the results are being collected."


def test_progress_that_comes_late_does_not_turn_the_bar_back() -> None:
    before: list[HeardEvent] = [scenario.registered(), scenario.ready(), scenario.started()]

    assert shown(*before, scenario.compared(16), scenario.compared(8)).phases[1].done == 16


def test_run_that_has_ended_is_not_ready_while_its_data_is_missing() -> None:
    complete = scenario.first_run()
    for missing in (scenario.spellchecked(0), scenario.assessed()):
        batch = heard(*(event for event in complete if event != missing))

        assert not is_ready(batch, batch.runs[0])
        assert progress(batch, NOON).message == "Done; the results are being collected."
        assert not list(ready_runs(batch))


def test_results_have_ranks_first_and_failures_last_with_their_reason() -> None:
    found = first_results(heard(*scenario.first_run()))

    assert [(essay.file, essay.rank) for essay in found.essays] == [
        ("b.txt", 1),
        ("a.txt", 2),
        ("c.txt", None),
        ("d.pdf", None),
    ]
    assert found.essays[2].error == "It was not checked in time."
    assert found.essays[2].text_id == scenario.essay(2).text_id
    assert found.essays[2].word_count == 102
    assert found.essays[3].text_id is None
    assert [notice.file for notice in found.notices] == ["e.txt"]


def test_results_name_the_text_before_and_after_its_corrections() -> None:
    essay = first_results(heard(*scenario.first_run())).essays[1]

    assert essay.text_id == scenario.essay(0).text_id
    assert essay.corrected_text_id == scenario.essay(0, corrected=True).text_id
    assert len(essay.corrections) == 1


def test_second_run_that_takes_everything_over_has_the_results_of_the_first() -> None:
    batch = heard(*scenario.both_runs())

    second = results(batch, batch.runs[1])

    assert second is not None
    assert second.run_id == scenario.second_run_id
    assert second.essays == first_results(batch).essays
    assert {phase.detail for phase in progress(batch, NOON).phases} == {
        "Taken over from an earlier run."
    }


def test_second_run_is_shown_while_it_works() -> None:
    working = shown(*scenario.first_run(), scenario.started_again())

    assert working.run_id == scenario.second_run_id
    assert working.status == BatchStatus.RUNNING
    assert not working.results_ready


def test_run_without_a_single_essay_is_ready_as_soon_as_it_ends() -> None:
    nothing = scenario.completed().model_copy(
        update={"status": BatchStatus.FAILED, "essays": (), "phases": ()}
    )

    batch = heard(scenario.registered(), nothing)

    assert progress(batch, NOON).results_ready
    assert {essay.status for essay in first_results(batch).essays} == {"failed"}


def test_essay_that_the_ranking_leaves_out_has_failed() -> None:
    ranking = scenario.assessed()
    ranking = ranking.model_copy(update={"essays": ranking.essays[:1]})
    events = [e for e in scenario.first_run() if e != scenario.assessed()]

    found = first_results(heard(*events, ranking))

    assert [essay.file for essay in found.essays if essay.status == "assessed"] == ["b.txt"]
    assert found.essays[1].error == "The comparison has left this essay out."


COMPARING: list[HeardEvent] = [
    scenario.registered(),
    scenario.ready(),
    scenario.started(),
    scenario.outcome(PhaseName.SPELLCHECK),
]


def test_batch_that_waits_for_people_says_for_how_many_comparisons() -> None:
    before = [*COMPARING, scenario.compared(8, wave=1, waiting=7)]
    assert shown(*before).message == "Waiting for 7 comparisons by people."
    assert shown(*before).waiting_for_people == 7

    one_left = shown(*before, scenario.compared(14, wave=1, waiting=1))
    assert one_left.message == "Waiting for 1 comparison by people."

    wave_over = shown(*before, scenario.compared(15, wave=1), scenario.compared(15, wave=2))
    assert wave_over.waiting_for_people == 0
    assert wave_over.message == "Comparison is under way: 15 of 20."


def test_nobody_is_asked_when_the_batch_is_to_finish_or_is_paused() -> None:
    waiting = [*COMPARING, scenario.compared(8, wave=1, waiting=7)]
    for wanted in (RunControl.FINISH, RunControl.PAUSE):
        assert shown(*waiting, scenario.controlled(wanted)).waiting_for_people == 0


def test_paused_batch_says_so_until_it_is_resumed_in_whatever_order_it_is_heard() -> None:
    pause, resume = (
        scenario.controlled(RunControl.PAUSE, 1),
        scenario.controlled(RunControl.GO_ON, 2),
    )
    paused = shown(*COMPARING, pause)
    assert paused.paused
    assert paused.message.startswith("Paused")
    for order in ([pause, resume], [resume, pause]):
        resumed = shown(*COMPARING, *order)
        assert not resumed.paused
        assert resumed.message == "Comparison is under way."


def test_cancelled_batch_shows_the_spelling_that_is_there() -> None:
    cancelled = scenario.completed().model_copy(
        update={
            "status": BatchStatus.CANCELLED,
            "essays": (),
            "phases": (),
            "failed": (scenario.unchecked.model_copy(update={"essay_id": scenario.essay_ids[0]}),),
        }
    )
    batch = heard(scenario.registered(), scenario.ready(), scenario.spellchecked(0), cancelled)
    assert progress(batch, NOON).status is BatchStatus.CANCELLED
    [essay] = first_results(batch).essays
    assert (essay.status, len(essay.corrections)) == ("failed", 1)
    assert essay.corrected_text_id == scenario.essay(0, corrected=True).text_id
