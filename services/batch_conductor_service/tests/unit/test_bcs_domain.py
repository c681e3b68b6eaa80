from common_core.domain_enums import PhaseName
from common_core.events.phase_events import PhaseCompleted
from common_core.http_models import ResolvePipeline
from services.batch_conductor_service.domain import (
    Result,
    everything_to_do,
    fingerprints,
    phases_to_run,
    profiles_that_hold,
    resolve,
    reusable,
)
from services.batch_conductor_service.tests.samples import (
    COMPARISON,
    FIRST_RUN,
    PROFILE,
    SECOND_RUN,
    SPELLCHECK,
    compared,
    corrected,
    essay,
    failure,
    not_spellchecked,
    spellchecked,
)


def on_file(*completed: PhaseCompleted) -> dict[str, Result]:
    return {answer.fingerprint: Result(answer.run_id, answer.succeeded) for answer in completed}


def test_a_success_is_worth_keeping_and_a_failure_is_not() -> None:
    assert reusable(SPELLCHECK, spellchecked("anna"))
    assert not reusable(SPELLCHECK, not_spellchecked("anna"))


def test_a_joint_answer_that_leaves_an_essay_out_is_not_kept() -> None:
    assert reusable(COMPARISON, compared("anna", "bo"))
    assert not reusable(COMPARISON, compared("anna", "bo", failed=(failure("cia"),)))


def test_a_pipeline_runs_what_it_depends_on_first() -> None:
    request = ResolvePipeline(pipeline=(PhaseName.CJ_ASSESSMENT,), essays=(), profile=PROFILE)
    assert phases_to_run(request) == (SPELLCHECK, COMPARISON)


def test_phases_the_texts_have_been_through_are_not_added_again() -> None:
    request = ResolvePipeline(
        pipeline=(PhaseName.CJ_ASSESSMENT,),
        done=(PhaseName.SPELLCHECK,),
        essays=(),
        profile=PROFILE,
    )
    assert phases_to_run(request) == (COMPARISON,)


def test_essays_are_divided_into_reused_and_to_do_in_their_order() -> None:
    resolved = resolve(
        SPELLCHECK,
        [essay("anna"), essay("bo"), essay("cia")],
        [PROFILE],
        on_file(spellchecked("cia"), spellchecked("anna")),
    )
    assert resolved.to_do == (essay("bo"),)
    assert resolved.reused == (corrected("anna"), corrected("cia"))
    assert resolved.result_run_id is None


def test_a_wholly_reused_phase_names_the_latest_run_it_comes_from() -> None:
    resolved = resolve(
        SPELLCHECK,
        [essay("anna"), essay("bo")],
        [PROFILE],
        on_file(spellchecked("bo", FIRST_RUN), spellchecked("anna", SECOND_RUN)),
    )
    assert resolved.to_do == ()
    assert resolved.result_run_id == SECOND_RUN


def test_a_comparison_is_reused_whole_or_not_at_all() -> None:
    both = [corrected("anna"), corrected("bo")]
    results = on_file(compared("anna", "bo"))
    assert resolve(COMPARISON, both, [PROFILE], results).result_run_id == FIRST_RUN
    one_more = [*both, corrected("cia")]
    wanted = fingerprints(COMPARISON, one_more, [PROFILE])
    found = {name: result for name, result in results.items() if (name,) in wanted}
    assert resolve(COMPARISON, one_more, [PROFILE], found).to_do == tuple(one_more)


def test_another_judge_asks_for_another_comparison_but_the_same_corrections() -> None:
    other = PROFILE.model_copy(update={"judge": "stricter"})
    essays = [corrected("anna"), corrected("bo")]
    assert fingerprints(COMPARISON, essays, [PROFILE]) != fingerprints(COMPARISON, essays, [other])
    assert fingerprints(SPELLCHECK, essays, [PROFILE]) == fingerprints(SPELLCHECK, essays, [other])


def test_what_was_corrected_before_a_pupil_joined_holds_and_the_newcomer_is_to_do() -> None:
    request = ResolvePipeline(
        pipeline=(PhaseName.SPELLCHECK,),
        essays=(essay("anna"), essay("bo")),
        profile=PROFILE.model_copy(update={"names": ("anna", "bo")}),
        earlier_names=((), ("anna",)),
    )
    profiles = profiles_that_hold(request)
    before = fingerprints(SPELLCHECK, [essay("anna")], [profiles[2]])[0][0]
    results = {before: Result(FIRST_RUN, (corrected("anna"),))}
    resolved = resolve(SPELLCHECK, request.essays, profiles, results)
    assert (resolved.reused, resolved.to_do) == ((corrected("anna"),), (essay("bo"),))


def test_everything_is_to_do_where_the_input_is_not_known_yet() -> None:
    resolved = everything_to_do(COMPARISON, [essay("anna")])
    assert (resolved.to_do, resolved.reused) == ((essay("anna"),), ())
