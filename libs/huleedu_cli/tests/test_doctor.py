"""What the doctor finds."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huleedu_cli import state
from huleedu_cli.doctor import examine
from huleedu_cli.main import app


@pytest.fixture
def service() -> Iterator[str]:
    """One that is alive and not ready."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(
                b'{"status": "not ready", "checks": {"redis": "ok", "broker": "gone"}}'
            )

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/readyz"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HULEEDU_CACHE_DIR", str(tmp_path / "cache"))
    for variable in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(variable, raising=False)


def test_what_does_not_answer_is_named_with_what_to_do() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        up = f"redis://:secret@127.0.0.1:{listener.getsockname()[1]}/0"
        servers = {"REDIS_URL": up, "DATABASE_URL": "postgresql://127.0.0.1:9/postgres"}
        findings = examine(servers, {"content_service": "http://127.0.0.1:9/readyz"}, logs="/logs")
    redis, postgres, content = findings
    assert redis.trouble is None
    assert postgres.trouble
    assert "DATABASE_URL" in postgres.advice
    assert content.trouble == "does not answer"
    assert content.advice == "See /logs/content_service.log"
    assert not any("secret" in str(finding) for finding in findings)


def test_a_service_that_is_not_ready_says_what_it_misses(service: str) -> None:
    [finding] = examine({}, {"content_service": service}, logs=None)
    assert finding.trouble == "broker: gone"


def test_without_anything_running_it_says_how_to_start() -> None:
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "huleedu up" in result.output


def test_a_running_stack_is_found_by_what_it_has_left(service: str, tmp_path: Path) -> None:
    here = state.State("http://127.0.0.1:8080", str(tmp_path), {}, {"content_service": service})
    with state.written(here):
        assert state.read() == here
        result = CliRunner().invoke(app, ["doctor"])
        assert "broker: gone" in result.output
        assert result.exit_code == 1
    assert state.read() is None


def test_what_a_killed_stack_has_left_is_not_believed(tmp_path: Path) -> None:
    here = state.State("http://127.0.0.1:8080", str(tmp_path), {}, {})
    with state.written(here):
        path = next((tmp_path / "cache").iterdir())
        kept = path.read_bytes()
    path.write_bytes(kept)
    assert state.read() is None
