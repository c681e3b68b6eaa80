"""The services behind the gateway, as it sees them.

What one of them refuses, the gateway refuses in its words: as a Problem.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from uuid import UUID

from common_core.http_models import (
    AddEssays,
    BatchControlled,
    BatchDeletion,
    Batches,
    BatchEvents,
    BatchProgress,
    BatchRecord,
    BatchResults,
    Control,
    ControlRun,
    CreateBatch,
    EssaysAdded,
    LoggedVerdict,
    MoreComparisons,
    OpenPairs,
    PersonVerdict,
    PipelineStarted,
    ReadFiles,
    ServiceCondition,
    StartPipeline,
    VerdictKept,
    VerdictLog,
)
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import Problem, RefusedRequest, ServiceClient


@contextmanager
def _in_its_words() -> Iterator[None]:
    try:
        yield
    except RefusedRequest as error:
        raise Problem(HTTPStatus(error.status), error.code, error.detail) from error


class Orchestrator:
    """bos: batches and who owns them."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def create(self, batch: CreateBatch) -> BatchRecord:
        with _in_its_words():
            return await self._client.post("/v1/batches", batch, BatchRecord)

    async def find(self, batch_id: BatchId) -> BatchRecord | None:
        try:
            return await self._client.get(f"/v1/batches/{batch_id}", BatchRecord)
        except RefusedRequest as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def delete(self, batch_id: BatchId) -> BatchDeletion:
        with _in_its_words():
            response = await self._client.request("DELETE", f"/v1/batches/{batch_id}")
        return BatchDeletion.model_validate_json(response.content)

    async def deletion(self, batch_id: BatchId) -> BatchDeletion | None:
        """None if the batch was never deleted."""
        try:
            return await self._client.get(f"/v1/batches/{batch_id}/deletion", BatchDeletion)
        except RefusedRequest as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def start(self, batch_id: BatchId, pipeline: StartPipeline) -> PipelineStarted:
        path = f"/v1/batches/{batch_id}/pipelines"
        with _in_its_words():
            return await self._client.post(path, pipeline, PipelineStarted)

    async def control(self, batch_id: BatchId, wanted: Control) -> BatchControlled:
        path = f"/v1/batches/{batch_id}/control"
        with _in_its_words():
            return await self._client.post(path, ControlRun(control=wanted), BatchControlled)

    async def add_comparisons(self, batch_id: BatchId, more: MoreComparisons) -> BatchControlled:
        path = f"/v1/batches/{batch_id}/budget"
        with _in_its_words():
            return await self._client.post(path, more, BatchControlled)

    async def add_essays(self, batch_id: BatchId, essays: AddEssays) -> EssaysAdded:
        path = f"/v1/batches/{batch_id}/additions"
        with _in_its_words():
            return await self._client.post(path, essays, EssaysAdded)


class Comparisons:
    """cj: the pairs that people compare, and what was said of all of them."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def open_pairs(self, batch_id: BatchId, person: str, most: int) -> OpenPairs:
        params = {"person": person, "limit": most}
        with _in_its_words():
            return await self._client.get(f"/v1/batches/{batch_id}/pairs", OpenPairs, params=params)

    async def log(self, run_id: RunId) -> tuple[LoggedVerdict, ...]:
        """All that the run's scores are made of."""
        with _in_its_words():
            found = await self._client.get(f"/v1/assessments/{run_id}/verdicts", VerdictLog)
        return found.verdicts

    async def keep(self, batch_id: BatchId, verdict: PersonVerdict) -> VerdictKept:
        with _in_its_words():
            return await self._client.post(f"/v1/batches/{batch_id}/pairs", verdict, VerdictKept)


class Uploads:
    """content: where files become texts."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def upload(
        self, batch_id: BatchId, body: AsyncIterator[bytes], content_type: str
    ) -> ReadFiles:
        """Pass a multipart body on as it comes in; what `body` raises comes out of here."""
        with _in_its_words():
            response = await self._client.request(
                "POST",
                f"/v1/batches/{batch_id}/essays",
                content=body,
                headers={"Content-Type": content_type},
            )
        return ReadFiles.model_validate_json(response.content)


class ReadModel:
    """ras: what batches look like."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def batches_of(self, owner_id: str) -> Batches:
        return await self._client.get("/v1/batches", Batches, params={"owner_id": owner_id})

    async def progress(self, batch_id: BatchId) -> BatchProgress | None:
        """None as long as it has not heard of the batch."""
        try:
            return await self._client.get(f"/v1/batches/{batch_id}", BatchProgress)
        except RefusedRequest as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def events(
        self, batch_id: BatchId, after: int | None, wait_seconds: float = 0
    ) -> BatchEvents:
        """What has changed since; `after=None`: what the batch looks like now."""
        params: dict[str, float] = {"wait_seconds": wait_seconds}
        if after is not None:
            params["after"] = after
        return await self._client.get(f"/v1/batches/{batch_id}/events", BatchEvents, params=params)

    async def results(self, batch_id: BatchId, run_id: UUID | None) -> BatchResults | None:
        """Of the run, or of the latest that has any; None as long as they are not ready."""
        try:
            return await self._client.get(
                f"/v1/batches/{batch_id}/results",
                BatchResults,
                params={"run_id": str(run_id)} if run_id else {},
            )
        except RefusedRequest as error:
            if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
                return None
            raise


class Conditions:
    """Every service behind the gateway, asked how it does."""

    def __init__(self, clients: Mapping[str, ServiceClient]) -> None:
        self._clients = clients

    async def of(self, batch_id: BatchId) -> tuple[list[ServiceCondition], list[str]]:
        """What they say, and the names of those that do not answer in time."""
        names = list(self._clients)
        answers = await asyncio.gather(*(self._ask(name, batch_id) for name in names))
        silent = [name for name, answer in zip(names, answers, strict=True) if answer is None]
        return [answer for answer in answers if answer is not None], silent

    async def _ask(self, name: str, batch_id: BatchId) -> ServiceCondition | None:
        try:
            return await self._clients[name].get(f"/conditions/{batch_id}", ServiceCondition)
        except (TemporaryError, RefusedRequest):
            return None
