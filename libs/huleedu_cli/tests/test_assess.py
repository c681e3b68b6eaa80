"""`huleedu assess` against a gateway that keeps to its public API."""

import csv
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from huleedu_cli.main import app

KEY = "a-key"


@dataclass
class FakeGateway:
    """One batch; `drops` answers get lost on their way, `away` uploads are not taken."""

    url: str = ""
    batch: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    resumed_after: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    drops: int = 0
    away: int = 0
    final_status: str = "completed"
    waiting_for_people: int = 0

    def status(self, done: int) -> dict[str, Any]:
        over = done == len(self.files)
        phase = {"name": "spellcheck", "status": "done" if over else "running"}
        return {
            "batch_id": "batch-1",
            "name": self.batch["name"],
            "status": self.final_status if over else "running",
            "message": "" if self.final_status != "failed" else "Nothing could be read.",
            "phases": [{**phase, "done": done, "total": len(self.files)}],
            "results_ready": over and self.final_status != "failed",
            "waiting_for_people": 0 if over else self.waiting_for_people,
        }

    def results(self) -> dict[str, Any]:
        good = [name for name in self.files if name not in self.unreadable]
        return {
            "batch_id": "batch-1",
            "run_id": "run-1",
            "name": self.batch["name"],
            "language": self.batch["language"],
            "judge": self.batch.get("judge", "offline"),
            "reliability": 0.81,
            "comparisons": 42,
            "message": "Done.",
            "essays": [
                *(self._essay(rank, name) for rank, name in enumerate(good, start=1)),
                *(self._failed(name, why) for name, why in self.unreadable.items()),
            ],
            "notices": [],
        }

    def _essay(self, rank: int, name: str) -> dict[str, Any]:
        return {
            "file": name,
            "essay_id": f"essay-{rank}",
            "status": "assessed",
            "error": None,
            "rank": rank,
            "score": 1.0 - rank,
            "standard_error": 0.3,
            "plausible_ranks": [rank, rank],
            "grade": None,
            "grade_probabilities": None,
            "anchor": False,
            "word_count": 2,
            "corrections": [],
            "marked": [],
            "text": "Two words.",
            "corrected_text": "Two words.",
        }

    def _failed(self, name: str, why: str) -> dict[str, Any]:
        nothing = dict.fromkeys(("rank", "score", "standard_error", "plausible_ranks"))
        texts = {"text": "", "corrected_text": "", "word_count": 0}
        return {**self._essay(0, name), **nothing, **texts, "status": "failed", "error": why}


class Answer(BaseHTTPRequestHandler):
    gateway: FakeGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        repeated = self.headers["Idempotency-Key"] in self.gateway.keys
        self.gateway.keys.append(self.headers["Idempotency-Key"])
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self.answer(401, {"detail": "Send a valid API key."})
        elif self.path == "/v1/batches":
            self.gateway.batch = json.loads(body)
            if self.gateway.batch.get("judge") == "nobody":
                self.answer(422, {"detail": "There is no judge called nobody."})
            elif self.gateway.drops:
                self.gateway.drops -= 1
                self.close_connection = True
            else:
                self.answer(201, {"batch_id": "batch-1"})
        else:
            if self.gateway.away:
                self.gateway.away -= 1
                self.gateway.keys.pop()
                self.answer(503, {"detail": "A part of the system does not answer."})
                return
            names = re.findall(r'name="files"; filename="([^"]*)"', body.decode())
            if not repeated:
                self.gateway.files += names
            outcomes = [self.outcome(name) for name in names]
            self.answer(202, {"files": outcomes})

    def do_GET(self) -> None:
        if self.path.endswith("/results"):
            self.answer(200, self.gateway.results())
        else:
            self.events(int(self.headers["Last-Event-ID"] or 0))

    def events(self, last: int) -> None:
        self.gateway.resumed_after.append(self.headers["Last-Event-ID"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        total = len(self.gateway.files)
        for done in range(last + 1, total + 1):
            data = json.dumps(self.gateway.status(done))
            event = f": alive\n\nid: {done}\nevent: progress\ndata: {data}\n\n"
            self.wfile.write(event.encode())
            if done == 1 and total > 1:
                return  # the connection breaks after the first event
        self.wfile.write(b"event: end\ndata: {}\n\n")

    def outcome(self, name: str) -> dict[str, Any]:
        why = self.gateway.unreadable.get(name)
        return {"file": name, "status": "rejected" if why else "accepted", "reason": why}

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    gateway = FakeGateway()

    class Bound(Answer):
        pass

    Bound.gateway = gateway
    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


@pytest.fixture
def essays(tmp_path: Path) -> Path:
    folder = tmp_path / "9b"
    folder.mkdir()
    for name in ("anna.txt", "bo.txt", "cilla.md"):
        (folder / name).write_text("The cat and the dog went to the school, and it was good.")
    return folder


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HULEEDU_API_KEY", KEY)
    monkeypatch.setattr("huleedu_cli.client._FIRST_PAUSE_SECONDS", 0.01)


def assess(gateway: FakeGateway, *arguments: object) -> Result:
    options = ["assess", "--gateway", gateway.url]
    return CliRunner().invoke(app, [*options, *map(str, arguments)])


def test_a_class_set_comes_back_ranked(gateway: FakeGateway, essays: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = assess(gateway, essays, "--output", output)
    assert result.exit_code == 0, result.output
    assert gateway.files == ["anna.txt", "bo.txt", "cilla.md"]
    assert gateway.batch["essay_count"] == 3
    assert gateway.batch["name"] == "9b"
    assert gateway.batch["language"] == "en"
    assert re.search(r"1 +anna.txt +\+0.00 ± 0.30 +2 +0", result.output)
    written = json.loads((output / "results.json").read_text())
    assert [essay["file"] for essay in written["essays"]] == gateway.files
    assert (output / "report.html").exists()
    assert (output / "results.csv").exists()


def test_a_broken_connection_is_resumed_where_it_broke(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    assert assess(gateway, essays, "--output", tmp_path / "out").exit_code == 0
    assert gateway.resumed_after == ["", "1"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    gateway.drops = 2
    assert assess(gateway, essays, "--output", tmp_path / "out").exit_code == 0
    assert gateway.keys[0] == gateway.keys[1] == gateway.keys[2]
    assert gateway.files == ["anna.txt", "bo.txt", "cilla.md"]


def test_a_service_that_is_being_started_again_is_waited_for(
    gateway: FakeGateway, essays: Path
) -> None:
    gateway.away = 12
    assert assess(gateway, essays).exit_code == 0


def test_an_unreadable_file_is_named_and_the_rest_assessed(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    (essays / "dan.pdf").write_bytes(b"%PDF-")
    (essays / "photo.jpg").write_bytes(b"\xff\xd8")
    gateway.unreadable = {"dan.pdf": "The PDF is damaged."}
    result = assess(gateway, essays, "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "dan.pdf: The PDF is damaged." in result.output
    assert "photo.jpg: The file is a picture" in result.output
    assert "photo.jpg" not in gateway.files
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        statuses = {row["file"]: row["status"] for row in csv.DictReader(file)}
    assert statuses["dan.pdf"] == "failed"
    assert list(statuses.values()).count("assessed") == 3
    assert "photo.jpg" in (tmp_path / "out" / "report.html").read_text()


def test_a_batch_that_failed_says_why_and_writes_nothing(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    gateway.final_status = "failed"
    result = assess(gateway, essays, "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert "Nothing could be read." in result.output
    assert not (tmp_path / "out").exists()


def test_people_are_told_once_where_to_compare(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    gateway.waiting_for_people = 7
    result = assess(gateway, essays, "--judge", "people", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert gateway.batch["judge"] == "people"
    said = "".join(result.output.split())
    assert said.count(f"{gateway.url}/batches/batch-1/compare") == 1
    assert KEY not in said


def test_anchors_are_sent_once_each_with_their_grades(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.txt").write_text("An older essay and the rest of it.")
    anchors = tmp_path / "anchors.csv"
    anchors.write_text("file,grade\n9b/anna.txt,B+\nold.txt,C\n")
    result = assess(gateway, essays, "--anchors", anchors, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert gateway.batch["anchors"] == [
        {"file": "anna.txt", "grade": "B+"},
        {"file": "old.txt", "grade": "C"},
    ]
    assert gateway.batch["grade_scale"] == ["B+", "C"]
    assert gateway.files == ["anna.txt", "bo.txt", "cilla.md", "old.txt"]


def test_the_options_reach_the_gateway(gateway: FakeGateway, essays: Path, tmp_path: Path) -> None:
    prompt = essays / "assignment.txt"
    prompt.write_text("Write about a pet.\n")
    rubric = essays / "rubric.txt"
    rubric.write_text("Facts first.\n")
    options = ["--prompt", prompt, "--rubric", rubric, "--language", "sv", "--judge", "house"]
    result = assess(gateway, essays, *options, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert gateway.batch["assignment"] == "Write about a pet."
    assert gateway.batch["rubric"] == "Facts first."
    assert gateway.batch["language"] == "sv"
    assert gateway.batch["judge"] == "house"
    assert not {"assignment.txt", "rubric.txt"} & set(gateway.files)


def test_what_the_gateway_refuses_is_said_in_its_words(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    result = assess(gateway, essays, "--judge", "nobody", "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert "There is no judge called nobody." in result.output


def test_a_wrong_key_is_told(
    gateway: FakeGateway, essays: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HULEEDU_API_KEY", "wrong")
    result = assess(gateway, essays)
    assert result.exit_code == 1
    assert "set HULEEDU_API_KEY" in " ".join(result.output.split())


def test_a_missing_key_is_told(
    gateway: FakeGateway, essays: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HULEEDU_API_KEY")
    result = assess(gateway, essays)
    assert result.exit_code == 1
    assert "Set HULEEDU_API_KEY" in result.output


def test_a_missing_key_is_told_of_a_batch_too(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HULEEDU_API_KEY")
    result = CliRunner().invoke(
        app, ["batches", "show", str(UUID(int=1)), "--gateway", gateway.url]
    )
    assert result.exit_code == 1
    assert "Set HULEEDU_API_KEY" in result.output


def test_a_gateway_that_is_not_there_is_told(essays: Path) -> None:
    result = assess(FakeGateway(url="http://127.0.0.1:9"), essays)
    assert result.exit_code == 1
    assert "http://127.0.0.1:9 does not answer" in " ".join(result.output.split())


def test_an_output_that_cannot_be_written_is_told_before_anything_is_sent(
    gateway: FakeGateway, essays: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = assess(gateway, essays, "--output", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert "cannot be written" in result.output
    assert not gateway.keys
