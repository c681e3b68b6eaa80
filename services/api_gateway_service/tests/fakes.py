"""The services behind the gateway as one small server that remembers what it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID, uuid4

from hypercorn.asyncio import serve
from hypercorn.config import Config
from pydantic import BaseModel
from quart import Quart, Response, request
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData

from common_core.domain_enums import BatchStatus
from common_core.http_models import (
    AddEssays,
    BatchControlled,
    BatchDeletion,
    Batches,
    BatchEvent,
    BatchEvents,
    BatchProgress,
    BatchRecord,
    BatchResults,
    ControlRun,
    CreateBatch,
    EssaysAdded,
    LoggedVerdict,
    MoreComparisons,
    OpenPairs,
    PersonVerdict,
    PipelineStarted,
    ReadFile,
    ReadFiles,
    ServiceCondition,
    StartPipeline,
    StoredText,
    VerdictKept,
    VerdictLog,
)
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import EssayText
from huleedu_service_libs.texts import text_id_of

WELL = {
    "consuming": True,
    "silent_seconds": 0.1,
    "blocked_seconds": 0,
    "unsent": 0,
    "unsent_seconds": 0,
    "unsent_of_batch": 0,
    "dead_letters": (),
}


def answer(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


def refusal(status: HTTPStatus, code: str, detail: str) -> Response:
    body = f'{{"title":"x","status":{status},"code":"{code}","detail":"{detail}"}}'
    body = body.replace("}", ',"correlation_id":null}')
    return Response(body, status=status, mimetype="application/problem+json")


@dataclass
class FakeServices:
    created: list[CreateBatch] = field(default_factory=list)
    status: BatchStatus = BatchStatus.AWAITING_ESSAYS
    """Of every batch, as the orchestrator has it."""
    added: list[AddEssays] = field(default_factory=list)
    started: list[tuple[UUID, StartPipeline]] = field(default_factory=list)
    uploads: dict[UUID, list[tuple[str, bytes]]] = field(default_factory=dict)
    texts: dict[TextId, str] = field(default_factory=dict)
    log: dict[UUID, list[BatchProgress]] = field(default_factory=dict)
    results: dict[UUID, BatchResults] = field(default_factory=dict)
    deleted: dict[UUID, BatchDeletion] = field(default_factory=dict)
    controls: list[str] = field(default_factory=list)
    budgets: list[MoreComparisons] = field(default_factory=list)
    logs: dict[UUID, tuple[LoggedVerdict, ...]] = field(default_factory=dict)
    logs_broken: bool = False
    pairs: OpenPairs | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Who asked for pairs, and for how many."""
    verdicts: list[PersonVerdict] = field(default_factory=list)
    lookups: int = 0
    """How often somebody asked whose batch it is."""
    looked_up: asyncio.Event = field(default_factory=asyncio.Event)
    uploading: asyncio.Event = field(default_factory=asyncio.Event)
    before_upload: asyncio.Event = field(default_factory=asyncio.Event)
    speechless: str = ""
    """The one of them that does not say how it does."""
    fail_next: int = 0
    """How many of the next requests break."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.before_upload.set()

    def put(self, text: str) -> TextId:
        self.texts[text_id_of(text)] = text
        return text_id_of(text)

    def show(self, progress: BatchProgress) -> None:
        """The read model has something new."""
        self.log.setdefault(progress.batch_id, []).append(progress)
        self._changed.set()
        self._changed = asyncio.Event()

    def events(self, batch_id: UUID, after: int | None) -> list[BatchEvent]:
        log = self.log.get(batch_id, [])
        start = max(len(log) - 1, 0) if after is None else after
        return [
            BatchEvent(sequence=number, progress=progress)
            for number, progress in enumerate(log[start:], start=start + 1)
        ]

    async def events_in_time(self, batch_id: UUID, after: int | None, wait: float) -> BatchEvents:
        try:
            async with asyncio.timeout(wait):
                while not self.events(batch_id, after):
                    await self._changed.wait()
        except TimeoutError:
            pass
        return BatchEvents(events=tuple(self.events(batch_id, after)))

    def bos(self) -> Quart:
        app = self._app("bos")

        @app.post("/v1/batches")
        async def create() -> Response:
            batch = CreateBatch.model_validate_json(await request.get_data())
            known = [b for b in self.created if b.batch_id == batch.batch_id]
            if known and known != [batch]:
                return refusal(HTTPStatus.CONFLICT, "batch_exists", "It is described differently.")
            if batch.name == "refuse me":
                return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_batch", "No such grade.")
            if not known:
                self.created.append(batch)
            return answer(self._record(batch), HTTPStatus.CREATED)

        @app.get("/v1/batches/<uuid:batch_id>")
        async def find(batch_id: UUID) -> Response:
            self.lookups += 1
            self.looked_up.set()
            for batch in self.created:
                if batch.batch_id == batch_id:
                    return answer(self._record(batch))
            return _unknown()

        @app.post("/v1/batches/<uuid:batch_id>/pipelines")
        async def start(batch_id: UUID) -> Response:
            body = StartPipeline.model_validate_json(await request.get_data())
            self.started.append((batch_id, body))
            return answer(PipelineStarted(run_id=RunId(body.run_id)), HTTPStatus.ACCEPTED)

        @app.post("/v1/batches/<uuid:batch_id>/additions")
        async def add(batch_id: UUID) -> Response:
            body = AddEssays.model_validate_json(await request.get_data())
            others = [each for each in self.added if each.request_id != body.request_id]
            known = {essay for earlier in others for essay in earlier.essays}
            self.added = [*others, body]
            new = tuple(
                EssayText(essay_id=EssayId(uuid4()), **dict(essay))
                for essay in dict.fromkeys(body.essays)
                if essay not in known
            )
            run_id = body.request_id if new else None
            return answer(EssaysAdded(added=new, run_id=run_id, message="So be it."))

        self._add_control(app)
        self._add_deletion(app)
        return app

    def _add_deletion(self, app: Quart) -> None:
        @app.delete("/v1/batches/<uuid:batch_id>")
        async def delete(batch_id: UUID) -> Response:
            self.created = [batch for batch in self.created if batch.batch_id != batch_id]
            self.deleted[batch_id] = BatchDeletion(
                batch_id=BatchId(batch_id),
                asked_at=datetime(2026, 1, 15, 9, 30, tzinfo=UTC),
                completed_at=None,
                waiting_for=("content_service",),
            )
            return answer(self.deleted[batch_id], HTTPStatus.ACCEPTED)

        @app.get("/v1/batches/<uuid:batch_id>/deletion")
        async def deletion(batch_id: UUID) -> Response:
            found = self.deleted.get(batch_id)
            return _unknown() if found is None else answer(found)

    def _add_control(self, app: Quart) -> None:
        @app.post("/v1/batches/<uuid:batch_id>/control")
        async def control(batch_id: UUID) -> Response:
            wanted = ControlRun.model_validate_json(await request.get_data()).control
            if wanted == "finish":
                return refusal(HTTPStatus.CONFLICT, "not_comparing", "Nothing is compared.")
            self.controls.append(wanted)
            return answer(_controlled(paused=wanted == "pause"))

        @app.post("/v1/batches/<uuid:batch_id>/budget")
        async def budget(batch_id: UUID) -> Response:
            self.budgets.append(MoreComparisons.model_validate_json(await request.get_data()))
            return answer(_controlled(paused=False))

    def cj(self) -> Quart:
        app = self._app("cj")

        @app.get("/v1/assessments/<uuid:run_id>/verdicts")
        async def log(run_id: UUID) -> Response:
            if self.logs_broken:
                return refusal(HTTPStatus.BAD_GATEWAY, "broken", "Broken.")
            found = self.logs.get(run_id)
            return (
                _unknown()
                if found is None
                else answer(VerdictLog(run_id=RunId(run_id), verdicts=found))
            )

        @app.get("/v1/batches/<uuid:batch_id>/pairs")
        async def open_pairs(batch_id: UUID) -> Response:
            self.asked.append((request.args["person"], int(request.args["limit"])))
            return _unknown() if self.pairs is None else answer(self.pairs)

        @app.post("/v1/batches/<uuid:batch_id>/pairs")
        async def keep(batch_id: UUID) -> Response:
            verdict = PersonVerdict.model_validate_json(await request.get_data())
            if any(known.pair_id == verdict.pair_id for known in self.verdicts):
                return refusal(HTTPStatus.CONFLICT, "pair_compared", "Compared already.")
            self.verdicts.append(verdict)
            return answer(VerdictKept(pair_id=verdict.pair_id, done=1, total=9))

        return app

    def content(self) -> Quart:
        app = self._app("content")

        @app.post("/v1/batches/<uuid:batch_id>/essays")
        async def upload(batch_id: UUID) -> Response:
            self.uploading.set()
            await self.before_upload.wait()
            known = self.uploads.setdefault(batch_id, [])
            outcomes = []
            for entry in files_of(request.headers["Content-Type"], await request.get_data()):
                status = "duplicate" if entry in known else "accepted"
                known.append(entry)
                text_id = self.put(entry[1].decode(errors="replace"))
                said = {"file": entry[0], "status": status, "text_id": text_id}
                if not entry[1]:
                    said = {"file": entry[0], "status": "rejected", "reason": "It is empty."}
                outcomes.append(ReadFile.model_validate(said))
            return answer(ReadFiles(files=tuple(outcomes)))

        @app.get("/v1/texts/<text_id>")
        async def read_text(text_id: str) -> Response:
            text = self.texts.get(TextId(text_id))
            return _unknown() if text is None else Response(text.encode())

        @app.post("/v1/batches/<uuid:batch_id>/texts")
        async def keep_text(batch_id: UUID) -> Response:
            text = str(await request.get_data(as_text=True))
            return answer(StoredText(text_id=self.put(text)))

        return app

    def ras(self) -> Quart:
        app = self._app("ras")

        @app.get("/v1/batches/<uuid:batch_id>")
        async def show(batch_id: UUID) -> Response:
            log = self.log.get(batch_id)
            return answer(log[-1]) if log else _unknown()

        @app.get("/v1/batches")
        async def list_batches() -> Response:
            owner = request.args["owner_id"]
            latest = [log[-1] for log in self.log.values() if log[-1].owner_id == owner]
            return answer(Batches(batches=tuple(latest)))

        @app.get("/v1/batches/<uuid:batch_id>/events")
        async def events(batch_id: UUID) -> Response:
            after = request.args.get("after", type=int)
            wait = float(request.args.get("wait_seconds", "0"))
            return answer(await self.events_in_time(batch_id, after, wait))

        @app.get("/v1/batches/<uuid:batch_id>/results")
        async def results(batch_id: UUID) -> Response:
            found = self.results.get(batch_id)
            if found is None or request.args.get("run_id") not in {None, str(found.run_id)}:
                return refusal(HTTPStatus.CONFLICT, "results_not_ready", "Not yet.")
            return answer(found)

        return app

    def _app(self, name: str) -> Quart:
        app = Quart(name)
        app.config["MAX_CONTENT_LENGTH"] = None

        @app.get("/conditions/<uuid:batch_id>")
        async def condition(batch_id: UUID) -> Response:
            if name == self.speechless:
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Not now.")
            return answer(ServiceCondition.model_validate(WELL | {"service": name}))

        @app.before_request
        async def break_down() -> Response | None:
            if self.fail_next > 0:
                self.fail_next -= 1
                return refusal(HTTPStatus.BAD_GATEWAY, "broken", "Broken.")
            return None

        return app

    def _record(self, batch: CreateBatch) -> BatchRecord:
        return BatchRecord(
            batch_id=batch.batch_id,
            owner_id=batch.owner_id,
            name=batch.name,
            language=batch.language,
            essay_count=batch.essay_count,
            judge=batch.judge,
            pipeline=batch.pipeline,
            status=self.status,
            message="Waiting for essays.",
            created_at=datetime(2026, 3, 2, tzinfo=UTC),
        )


def _controlled(*, paused: bool) -> BatchControlled:
    return BatchControlled(run_id=None, status=BatchStatus.RUNNING, paused=paused, message="So.")


def _unknown() -> Response:
    return refusal(HTTPStatus.NOT_FOUND, "not_found", "There is none.")


def files_of(content_type: str, body: str | bytes) -> list[tuple[str, bytes]]:
    """Names and contents of a multipart body; ValueError if it is cut off."""
    decoder = MultipartDecoder(parse_options_header(content_type)[1]["boundary"].encode())
    decoder.receive_data(body if isinstance(body, bytes) else body.encode())
    files: list[tuple[str, bytes]] = []
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        match event:
            case File():
                files.append((event.filename, b""))
            case Data():
                files[-1] = (files[-1][0], files[-1][1] + event.data)
    return files


@asynccontextmanager
async def listening(app: Quart, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on a port of the loopback interface; gives its base URL."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.1
    sockets = config.create_sockets()
    [listener] = sockets.insecure_sockets
    port = listener.getsockname()[1]
    config.bind = [f"fd://{listener.detach()}"]
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await server
