"""What an owner can do with batches: the same for the API and for the pages.

Every method raises Problem 404 for a batch that is not the owner's, and lets the refusals of the
services through.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from common_core.domain_enums import BatchStatus
from common_core.http_models import (
    AddEssays,
    BatchControlled,
    BatchDeletion,
    BatchProgress,
    BatchResults,
    Control,
    CreateBatch,
    LateEssay,
    LoggedVerdict,
    MoreComparisons,
    PersonVerdict,
    StartPipeline,
    Uploaded,
    VerdictKept,
)
from common_core.identifiers import BatchId, EssayId, RunId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.http import Problem
from huleedu_service_libs.texts import Texts, text_id_of
from services.api_gateway_service.access import Ownership, no_such_batch
from services.api_gateway_service.domain.bodies import (
    CreatedBatch,
    EssayReport,
    Joined,
    NewBatch,
    NewRun,
    PairOfTexts,
    Pairs,
    Report,
    Run,
    Status,
    Statuses,
    Waiting,
)
from services.api_gateway_service.domain.views import (
    joined,
    report,
    status_before_any_event,
    status_of,
    text_ids,
)
from services.api_gateway_service.domain.waiting import unheard_of, waiting
from services.api_gateway_service.services import (
    Comparisons,
    Conditions,
    Orchestrator,
    ReadModel,
    Uploads,
)
from services.api_gateway_service.store import Replies
from services.api_gateway_service.texts import TextShelf

_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Step:
    """A change in a batch's progress; 0 comes before any."""

    sequence: int
    status: Status


@dataclass(frozen=True)
class Desk:
    orchestrator: Orchestrator
    uploads: Uploads
    read_model: ReadModel
    comparisons: Comparisons
    conditions: Conditions
    texts: Texts
    shelf: TextShelf
    ownership: Ownership
    replies: Replies

    async def create(self, owner: str, batch_id: BatchId, new: NewBatch) -> CreatedBatch:
        """Assignment and rubric follow their batch: no text is kept of which no batch knows."""
        assignment = new.assignment.strip() if new.assignment else ""
        rubric = new.rubric.strip() if new.rubric else ""
        record = await self.orchestrator.create(
            CreateBatch(
                batch_id=batch_id,
                owner_id=owner,
                name=new.name.strip(),
                language=new.language,
                essay_count=new.essay_count,
                assignment_text_id=text_id_of(assignment) if assignment else None,
                rubric_text_id=text_id_of(rubric) if rubric else None,
                glossary=new.glossary or (),
                anchors=new.anchors or (),
                grade_scale=new.grade_scale or (),
                judge=new.judge,
                pipeline=new.pipeline,
            )
        )
        for text in filter(None, (assignment, rubric)):
            await self.texts.put(text, batch_id)
        self.ownership.remember(batch_id, owner)
        return CreatedBatch.model_validate(record.model_dump())

    async def delete(self, owner: str, batch_id: BatchId) -> BatchDeletion:
        """A repeat changes nothing. Raises TemporaryError without Redis: replies have names too."""
        known = await self.orchestrator.deletion(batch_id)
        if known is not None:
            return known
        await self.ownership.require(batch_id, owner)
        await self.replies.forget(batch_id)
        self.ownership.forget(batch_id)
        self.shelf.clear()
        return await self.orchestrator.delete(batch_id)

    async def deletion(self, batch_id: BatchId) -> BatchDeletion:
        """Of any batch: an id and times are nobody's."""
        known = await self.orchestrator.deletion(batch_id)
        if known is None:
            raise no_such_batch()
        return known

    async def upload(
        self, owner: str, batch_id: BatchId, body: AsyncIterator[bytes], content_type: str
    ) -> Uploaded:
        await self.ownership.require(batch_id, owner)
        read = await self.uploads.upload(batch_id, body, content_type)
        return Uploaded.model_validate(read.model_dump())

    async def add_essays(
        self,
        owner: str,
        batch_id: BatchId,
        request_id: RunId,
        body: AsyncIterator[bytes],
        content_type: str,
    ) -> Joined:
        """Essays for a batch that has its own; asked about first, for a file is read but once."""
        await self.ownership.require(batch_id, owner)
        record = await self.orchestrator.find(batch_id)
        if record is None:
            raise no_such_batch()
        if record.status is BatchStatus.AWAITING_ESSAYS:
            raise Problem(
                HTTPStatus.CONFLICT,
                "batch_not_ready",
                "The batch still waits for the essays it was registered for. Upload those first; "
                "others can join when they are there.",
            )
        read = await self.uploads.upload(batch_id, body, content_type)
        late = tuple(
            LateEssay(file_name=file.file, text_id=file.text_id)
            for file in read.files
            if file.text_id is not None
        )
        said = None
        if late:
            said = await self.orchestrator.add_essays(
                batch_id, AddEssays(request_id=request_id, essays=late)
            )
        return joined(read, said)

    async def start(self, owner: str, batch_id: BatchId, run_id: RunId, new: NewRun) -> Run:
        await self.ownership.require(batch_id, owner)
        started = await self.orchestrator.start(
            batch_id, StartPipeline(run_id=run_id, pipeline=new.pipeline, judge=new.judge)
        )
        return Run(run_id=started.run_id)

    async def control(self, owner: str, batch_id: BatchId, wanted: Control) -> BatchControlled:
        await self.ownership.require(batch_id, owner)
        return await self.orchestrator.control(batch_id, wanted)

    async def add_comparisons(
        self, owner: str, batch_id: BatchId, request_id: RunId, comparisons_per_essay: int
    ) -> BatchControlled:
        await self.ownership.require(batch_id, owner)
        more = MoreComparisons(request_id=request_id, comparisons_per_essay=comparisons_per_essay)
        return await self.orchestrator.add_comparisons(batch_id, more)

    async def pairs(self, owner: str, batch_id: BatchId, person: str, most: int = 1) -> Pairs:
        """The texts without a word on whose they are."""
        await self.ownership.require(batch_id, owner)
        found = await self.comparisons.open_pairs(batch_id, person, most)
        task, rubric = found.assignment_text_id, found.rubric_text_id
        ids = {text_id for pair in found.pairs for text_id in (pair.first, pair.second)}
        texts = await self.shelf.fetch(ids | {each for each in (task, rubric) if each is not None})
        return Pairs(
            state=found.state,
            done=found.done,
            total=found.total,
            language=found.language,
            assignment=None if task is None or not found.pairs else texts[task],
            rubric=None if rubric is None or not found.pairs else texts[rubric],
            pairs=tuple(
                PairOfTexts(
                    pair_id=pair.pair_id, first=texts[pair.first], second=texts[pair.second]
                )
                for pair in found.pairs
            ),
        )

    async def compare(self, owner: str, batch_id: BatchId, verdict: PersonVerdict) -> VerdictKept:
        await self.ownership.require(batch_id, owner)
        return await self.comparisons.keep(batch_id, verdict)

    async def statuses(self, owner: str) -> Statuses:
        """The newest first."""
        found = await self.read_model.batches_of(owner)
        return Statuses(batches=tuple(status_of(progress) for progress in found.batches))

    async def status(self, owner: str, batch_id: BatchId) -> Status:
        await self.ownership.require(batch_id, owner)
        return await self._status(batch_id, await self.read_model.progress(batch_id))

    async def waiting(self, owner: str, batch_id: BatchId) -> Waiting:
        """Also while services are down: whoever asks this wants to know which."""
        await self.ownership.require(batch_id, owner)
        conditions, silent = await self.conditions.of(batch_id)
        progress, created_at = await self._last_seen(batch_id)
        now = datetime.now(UTC)
        if progress is None:
            return unheard_of(created_at or now, now, silent)
        return waiting(progress, now, conditions, silent)

    async def _last_seen(self, batch_id: BatchId) -> tuple[BatchProgress | None, datetime | None]:
        try:
            progress = await self.read_model.progress(batch_id)
        except TemporaryError:
            progress = None
        if progress is not None:
            return progress, progress.created_at
        try:
            record = await self.orchestrator.find(batch_id)
        except TemporaryError:
            record = None
        return None, record.created_at if record else None

    async def results(
        self, owner: str, batch_id: BatchId, run_id: UUID | None = None
    ) -> BatchResults:
        """Raises Problem 409 `results_not_ready` as long as they are not."""
        await self.ownership.require(batch_id, owner)
        results = await self.read_model.results(batch_id, run_id)
        if results is None:
            raise Problem(
                HTTPStatus.CONFLICT,
                "results_not_ready",
                "The results of this batch are not ready yet.",
            )
        return results

    async def report(self, owner: str, batch_id: BatchId, run_id: UUID | None = None) -> Report:
        results = await self.results(owner, batch_id, run_id)
        return report(
            results,
            await self.shelf.fetch(text_ids(results)),
            await self.verdicts(results),
        )

    async def verdicts(self, results: BatchResults) -> tuple[LoggedVerdict, ...]:
        """The comparisons behind the results."""
        run_id = results.assessment_run_id
        return () if run_id is None else await self.comparisons.log(run_id)

    async def essay(self, owner: str, batch_id: BatchId, essay_id: EssayId) -> EssayReport:
        results = await self.results(owner, batch_id)
        wanted = tuple(essay for essay in results.essays if essay.essay_id == essay_id)
        if not wanted:
            raise Problem(HTTPStatus.NOT_FOUND, "essay_not_found", "The batch has no such essay.")
        only = results.model_copy(update={"essays": wanted})
        return report(only, await self.shelf.fetch(text_ids(only))).essays[0]

    async def follow(
        self,
        batch_id: BatchId,
        *,
        after: int | None,
        run_id: UUID | None,
        heartbeat_seconds: float,
    ) -> AsyncIterator[Step | None]:
        """Every step after `after`, or from now on; None when there was none for a while.

        Ends after the step with which the batch, or the run asked for, is over, or when it is
        deleted; there is always one step at least. The caller has checked whose batch it is.
        """
        now = await self._now(batch_id)
        if after is None or after >= now.sequence:
            yield now
            sequence, over = now.sequence, _over(now, run_id)
        else:
            sequence, over = after, False
        while not over:
            steps = await self._steps(batch_id, sequence, heartbeat_seconds)
            for step in steps:
                yield step
                sequence, over = step.sequence, _over(step, run_id)
            if not steps:
                if await self._gone(batch_id):
                    return
                yield None

    async def _gone(self, batch_id: BatchId) -> bool:
        try:
            gone = await self.orchestrator.deletion(batch_id) is not None
        except TemporaryError:
            return False
        if gone:
            self.ownership.forget(batch_id)
        return gone

    async def _now(self, batch_id: BatchId) -> Step:
        found = await self.read_model.events(batch_id, None)
        for event in found.events:
            return Step(event.sequence, status_of(event.progress))
        return Step(0, await self._status(batch_id, None))

    async def _steps(self, batch_id: BatchId, after: int, wait_seconds: float) -> list[Step]:
        try:
            found = await self.read_model.events(batch_id, after, wait_seconds)
        except TemporaryError:
            await asyncio.sleep(_RETRY_SECONDS)
            return []
        return [Step(event.sequence, status_of(event.progress)) for event in found.events]

    async def _status(self, batch_id: BatchId, progress: BatchProgress | None) -> Status:
        """As the read model has it; what the orchestrator says before that has heard of it."""
        if progress is not None:
            return status_of(progress)
        record = await self.orchestrator.find(batch_id)
        if record is None:
            raise no_such_batch()
        return status_before_any_event(record)


def _over(step: Step, run_id: UUID | None) -> bool:
    return step.status.over and run_id in {None, step.status.run_id}
