"""The orchestrator from outside: its HTTP API, its clock, and what it says."""

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from quart import Response

from common_core.events.batch_events import BatchPipelineCompletedV1
from common_core.events.phase_events import PhaseCommand
from common_core.http_models import (
    BatchDeletion,
    BatchRecord,
    BatchRecords,
    CreateBatch,
    PipelineStarted,
    StartPipeline,
)
from common_core.identifiers import BatchId, RunId
from common_core.phases import PHASES
from huleedu_service_libs.testing.harness import ServiceHarness
from services.batch_orchestrator_service.app import service
from services.batch_orchestrator_service.deadlines import give_up_overdue_batches
from services.batch_orchestrator_service.tests.samples import BATCH


class Desk:
    def __init__(self, harness: ServiceHarness) -> None:
        self._harness = harness
        self._client = service.app(harness.container).test_client()

    async def post(self, path: str, body: BaseModel | dict[str, Any]) -> Response:
        data = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        return await self._client.post(path, json=data)

    async def create(self, body: CreateBatch) -> BatchRecord:
        response = await self.post("/v1/batches", body)
        assert response.status_code == HTTPStatus.CREATED, await response.get_data(as_text=True)
        return BatchRecord.model_validate_json(await response.get_data())

    async def start(self, body: StartPipeline, batch_id: BatchId = BATCH) -> Response:
        return await self.post(f"/v1/batches/{batch_id}/pipelines", body)

    async def started(self, body: StartPipeline) -> RunId:
        response = await self.start(body)
        assert response.status_code == HTTPStatus.ACCEPTED, await response.get_data(as_text=True)
        return PipelineStarted.model_validate_json(await response.get_data()).run_id

    async def delete(self, batch_id: BatchId = BATCH) -> BatchDeletion:
        response = await self._client.delete(f"/v1/batches/{batch_id}")
        assert response.status_code == HTTPStatus.ACCEPTED, await response.get_data(as_text=True)
        return BatchDeletion.model_validate_json(await response.get_data())

    async def deletion(self, batch_id: BatchId = BATCH) -> BatchDeletion | None:
        """None if the batch was never deleted."""
        response = await self._client.get(f"/v1/batches/{batch_id}/deletion")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        return BatchDeletion.model_validate_json(await response.get_data())

    async def record(self, batch_id: BatchId = BATCH) -> BatchRecord:
        response = await self._client.get(f"/v1/batches/{batch_id}")
        assert response.status_code == HTTPStatus.OK
        return BatchRecord.model_validate_json(await response.get_data())

    async def get(self, path: str) -> Response:
        return await self._client.get(path)

    async def batches_of(self, owner_id: str) -> BatchRecords:
        response = await self._client.get("/v1/batches", query_string={"owner_id": owner_id})
        return BatchRecords.model_validate_json(await response.get_data())

    async def commands(self) -> list[PhaseCommand]:
        commands = {phase.command for phase in PHASES}
        events = await self._harness.emitted()
        return [event.data for event in events if type(event.data) in commands]  # type: ignore[misc]  # the set holds commands only

    async def ended(self) -> list[BatchPipelineCompletedV1]:
        return [event.data for event in await self._harness.emitted(BatchPipelineCompletedV1)]

    async def let_time_run_out(self) -> None:
        """The deadline of whatever is awaited passes, and the orchestrator looks at it twice."""
        await self.pass_deadline()
        for _ in range(2):
            await give_up_overdue_batches(self._harness.transactions)

    async def pass_deadline(self) -> None:
        async with self._harness.session() as session:
            await session.execute(
                sa.text(
                    "UPDATE batches SET deadline = now() - interval '1 second'"
                    " WHERE deadline IS NOT NULL"
                )
            )
