"""What has been done is filed, and found again by who asks over HTTP."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from quart import typing as quart_types

from common_core.domain_enums import PhaseName
from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope, envelop
from common_core.events.spellcheck_events import SpellcheckEngineStartedV1
from common_core.http_models import ResolvedPipeline, ResolvePipeline
from common_core.identifiers import RunId
from common_core.models import EssayText
from common_core.phases import PHASES
from common_core.topics import event_type_of
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_conductor_service.app import service
from services.batch_conductor_service.handlers import router
from services.batch_conductor_service.tests.samples import (
    FIRST_RUN,
    PROFILE,
    SECOND_RUN,
    compared,
    corrected,
    essay,
    failure,
    not_spellchecked,
    spellchecked,
)


@pytest.fixture
def client(harness: ServiceHarness) -> quart_types.TestClientProtocol:
    return service.app(harness.container).test_client()


async def resolved(
    client: quart_types.TestClientProtocol, *essays: EssayText, **changes: Any
) -> ResolvedPipeline:
    request = ResolvePipeline(
        pipeline=(PhaseName.CJ_ASSESSMENT,), essays=essays, profile=PROFILE
    ).model_copy(update=changes)
    response = await client.post(
        "/v1/pipelines/resolve",
        data=request.model_dump_json(),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == HTTPStatus.OK
    return ResolvedPipeline.model_validate_json(await response.get_data())


async def test_at_first_everything_is_to_do(client: quart_types.TestClientProtocol) -> None:
    spelling, comparison = (await resolved(client, essay("anna"), essay("bo"))).phases
    assert spelling.phase is PhaseName.SPELLCHECK
    assert spelling.to_do == comparison.to_do == (essay("anna"), essay("bo"))
    assert spelling.reused == comparison.reused == ()


async def test_only_the_rest_of_a_phase_is_to_do(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(spellchecked("anna"))
    await harness.deliver(not_spellchecked("bo"))
    spelling, comparison = (await resolved(client, essay("anna"), essay("bo"))).phases
    assert (spelling.reused, spelling.to_do) == ((corrected("anna"),), (essay("bo"),))
    assert spelling.result_run_id is None
    assert comparison.reused == ()


async def test_a_pupil_more_whose_name_is_known_now_leaves_the_others_as_they_are(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(spellchecked("anna"))
    named = PROFILE.model_copy(update={"names": ("anna", "bo")})
    both = essay("anna"), essay("bo")
    spelling, _ = (await resolved(client, *both, profile=named)).phases
    assert spelling.to_do == both
    before = {"profile": named, "earlier_names": (PROFILE.names,)}
    spelling, _ = (await resolved(client, *both, **before)).phases
    assert (spelling.reused, spelling.to_do) == ((corrected("anna"),), (essay("bo"),))


async def test_a_finished_pipeline_leaves_nothing_to_do(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    for event in (spellchecked("anna"), spellchecked("bo"), compared("anna", "bo")):
        await harness.deliver(event)
    spelling, comparison = (await resolved(client, essay("bo"), essay("anna"))).phases
    assert spelling.reused == comparison.reused == (corrected("bo"), corrected("anna"))
    assert spelling.to_do == comparison.to_do == ()
    assert spelling.result_run_id == comparison.result_run_id == FIRST_RUN


async def test_another_judge_compares_anew_what_is_corrected_already(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    for event in (spellchecked("anna"), spellchecked("bo"), compared("anna", "bo")):
        await harness.deliver(event)
    profile = PROFILE.model_copy(update={"judge": "stricter"})
    spelling, comparison = (
        await resolved(client, essay("anna"), essay("bo"), profile=profile)
    ).phases
    assert spelling.to_do == ()
    assert comparison.to_do == (corrected("anna"), corrected("bo"))


async def test_a_phase_whose_input_is_there_is_resolved_alone(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(compared("anna", "bo"))
    (comparison,) = (
        await resolved(client, corrected("anna"), corrected("bo"), done=(PhaseName.SPELLCHECK,))
    ).phases
    assert comparison.result_run_id == FIRST_RUN


async def test_a_comparison_that_left_an_essay_out_is_done_again(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(compared("anna", "bo", failed=(failure("cia"),)))
    (comparison,) = (
        await resolved(client, corrected("anna"), corrected("bo"), done=(PhaseName.SPELLCHECK,))
    ).phases
    assert comparison.reused == ()


async def test_the_first_of_two_results_for_the_same_input_holds(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(spellchecked("anna"))
    await harness.deliver(spellchecked("anna", SECOND_RUN))
    spelling, _ = (await resolved(client, essay("anna"))).phases
    assert spelling.result_run_id == FIRST_RUN


async def test_results_of_several_runs_name_the_latest(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    for name, run_id in (("anna", SECOND_RUN), ("bo", FIRST_RUN), ("cia", SECOND_RUN)):
        await harness.deliver(spellchecked(name, run_id))
    spelling, _ = (await resolved(client, essay("anna"), essay("bo"))).phases
    assert spelling.result_run_id == FIRST_RUN
    spelling, _ = (await resolved(client, essay("cia"), essay("bo"))).phases
    assert spelling.result_run_id == SECOND_RUN


def engine_started(version: str, minute: int) -> EventEnvelope[SpellcheckEngineStartedV1]:
    return envelop(
        SpellcheckEngineStartedV1(engine_version=version),
        event_id=UUID(int=minute),
        source_service="spellchecker_service",
        correlation_id=UUID(int=minute),
        timestamp=datetime(2026, 1, 15, 9, minute, tzinfo=UTC),
    )


async def test_what_an_earlier_engine_made_is_done_again(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    await harness.deliver(engine_started("new", 2))
    await harness.deliver(engine_started("old", 1))  # heard late
    for made_by in (None, "old"):
        await harness.deliver(spellchecked("anna", FIRST_RUN, made_by))
        spelling, _ = (await resolved(client, essay("anna"))).phases
        assert spelling.to_do == (essay("anna"),)
    await harness.deliver(spellchecked("anna", SECOND_RUN, "new"))
    spelling, _ = (await resolved(client, essay("anna"))).phases
    assert (spelling.to_do, spelling.result_run_id) == ((), SECOND_RUN)


async def test_what_an_engine_made_before_is_there_when_it_is_back(
    harness: ServiceHarness, client: quart_types.TestClientProtocol
) -> None:
    for minute, version in enumerate(("old", "new", "old")):
        await harness.deliver(engine_started(version, minute))
        await harness.deliver(spellchecked("anna", RunId(UUID(int=minute)), version))
    spelling, _ = (await resolved(client, essay("anna"))).phases
    assert spelling.result_run_id == RunId(UUID(int=0))


async def test_a_body_that_cannot_be_read_is_a_problem(
    client: quart_types.TestClientProtocol,
) -> None:
    response = await client.post("/v1/pipelines/resolve", data='{"pipeline": ["dance"]}')
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert response.mimetype == "application/problem+json"
    assert (await response.get_json())["code"] == "invalid_request"


def test_every_phase_is_heard_without_being_named() -> None:
    phases = [event for phase in PHASES for event in (phase.completed, phase.engine_started)]
    heard = {event_type_of(event).topic for event in phases if event}
    assert set(router.topics) - heard == {event_type_of(BatchDeletedV1).topic}
