"""What this service hears and says is what is on record."""

from uuid import uuid4

import pytest

from common_core.events.deletion_events import BatchDataDeletedV1
from common_core.http_models import AddEssays, LateEssay
from common_core.identifiers import RunId, TextId
from common_core.models import AnchorFile
from common_core.topics import EVENTS, KEEPERS
from huleedu_service_libs.routing import Route
from huleedu_service_libs.testing.golden import departures, recorded_bytes
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.domain import first_run_id
from services.batch_orchestrator_service.handlers import router
from services.batch_orchestrator_service.tests.desk import Desk
from services.batch_orchestrator_service.tests.samples import (
    BATCH,
    PIPELINE,
    corrected,
    create_batch,
    failure,
    outcome,
    ready,
)


@pytest.mark.parametrize("route", list(router), ids=lambda route: route.event_type.name)
def test_the_recorded_messages_can_be_heard(route: Route) -> None:
    model = route.event_type.model
    assert isinstance(route.envelope.validate_json(recorded_bytes(model)).data, model)


async def test_everything_said_has_the_recorded_shape(harness: ServiceHarness, desk: Desk) -> None:
    await desk.create(create_batch(anchors=[AnchorFile(file="essay_0.txt", grade="B")]))
    await harness.deliver(ready(0, 1, failed=(failure(2),)))
    await desk.post(f"/v1/batches/{BATCH}/control", {"control": "pause"})
    await desk.post(f"/v1/batches/{BATCH}/control", {"control": "resume"})
    for phase in PIPELINE:
        await harness.deliver(outcome(first_run_id(BATCH), phase, corrected(0), corrected(1)))
    late = LateEssay(file_name="late.txt", text_id=TextId("0" * 64))
    body = AddEssays(request_id=RunId(uuid4()), essays=(late,))
    await desk.post(f"/v1/batches/{BATCH}/additions", body)
    by_topic = {row.topic: row for row in EVENTS}
    said = await harness.outgoing()
    await desk.delete()
    for service in KEEPERS:
        await harness.deliver(BatchDataDeletedV1(batch_id=BATCH, service=service, rows={}))
    said += await harness.outgoing()
    assert {message.topic for message in said} == {
        row.topic for row in EVENTS if row.producer == "batch_orchestrator_service"
    }
    for message in said:
        assert departures(by_topic[message.topic].model, message.value or b"") == []
