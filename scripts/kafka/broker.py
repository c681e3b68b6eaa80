"""Apache Kafka on this machine for tests and measurements: one broker in KRaft mode, no Docker.

    with ApacheKafka() as kafka:
        use(kafka.bootstrap_servers)
        kafka.kill()     # as `kill -9`
        kafka.start()    # on the same address and data

It has what production has (sessions, rebalances, transactions, retention) and no topics: they are
not created by being used. It ends with the thread that started it, whatever ends that.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from huleedu_embedded import process
from scripts.kafka.jars import UnavailableError, jars, java

__all__ = ["ApacheKafka", "UnavailableError"]

_HOST = "127.0.0.1"
_READY = "Kafka Server started"
_READY_SECONDS = 90
_STOP_SECONDS = 15
_PORT_ATTEMPTS = 5

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    # A broker killed and started again is refused until the session of its past life is over.
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
    "num.partitions": "6",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.index.size.max.bytes": str(2**20),
    "log.cleaner.dedupe.buffer.size": str(8 * 2**20),
}


class ApacheKafka:
    """One broker, with its data and logs in `directory`; without one they are thrown away.

    `settings` are Kafka's own and come before ours. UnavailableError where there is no Java 17 or
    the jars cannot be had.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        heap_megabytes: int = 384,
    ) -> None:
        self._program = [
            java(),
            f"-Xmx{heap_megabytes}m",
            "-XX:+UseSerialGC",
            # What runs for seconds is not worth the optimising compiler's time.
            "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.level=INFO",
            "-cp",
            str(jars() / "*"),
        ]
        self._settings = dict(settings or {})
        self._temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="huleedu-kafka-"))
        self._child: subprocess.Popen[bytes] | None = None
        self._lives = 0
        self._ports = (0, 0)

    @property
    def bootstrap_servers(self) -> str:
        """The address, the same for all its lives."""
        return f"{_HOST}:{self._ports[0]}"

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def log(self) -> Path:
        """What it says in its present life."""
        return self.directory / f"kafka-{self._lives}.log"

    def start(self) -> None:
        """Start it, or start it again, and wait until it serves; about three seconds."""
        for attempts_left in reversed(range(_PORT_ATTEMPTS)):
            self.launch()
            try:
                self.wait_until_ready()
            except process.ProcessFailedError:
                port_taken = "Address already in use" in self.log.read_text(errors="replace")
                if attempts_left and port_taken and self._lives == 1:
                    self._forget()
                    continue
                raise
            return

    def launch(self) -> None:
        """Start it without waiting, for a caller that must not be held up."""
        if self.is_running:
            raise RuntimeError("it runs already")
        if not self._lives:
            self._format()
        self._lives += 1
        self._child = process.start(
            [*self._program, "kafka.Kafka", str(self._properties)], log=self.log
        )

    def wait_until_ready(self) -> None:
        """Wait until it serves; may be called from any thread."""
        try:
            process.wait_for_line(self._running, self.log, _READY, _READY_SECONDS, Event())
        except BaseException:
            self.kill()
            raise

    def wait(self) -> None:
        """Until it ends by itself."""
        self._running.wait()

    def stop(self) -> None:
        """End it in an orderly way, which takes about two seconds."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                self.resume()
            process.stop(self._child, seconds=_STOP_SECONDS)

    def kill(self) -> None:
        """End it at once, as `kill -9` and a loss of power to its process do."""
        if self._child is not None:
            process.kill_session(self._child.pid)
            self._child.wait()

    def pause(self) -> None:
        """Freeze it: connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self.is_running:
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._throw_away()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._temporary:
            self.kill()
        else:
            self.stop()
        self._throw_away()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError("it has not been started")
        return self._child

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def _format(self) -> None:
        """Choose the ports and prepare the data folder, unless that was done in an earlier run."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._ports = (process.free_port(), process.free_port())
        broker, controller = (f"{_HOST}:{port}" for port in self._ports)
        settings = {
            **_SETTINGS,
            **self._settings,
            "listeners": f"BROKER://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"BROKER://{broker}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._data),
        }
        lines = (f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text("".join(lines))
        if (self._data / "meta.properties").exists():
            return
        log = self.directory / "format.log"
        tool = [*self._program, "kafka.tools.StorageTool", "format"]
        child = process.start(
            [*tool, "-t", secrets.token_hex(8), "-c", str(self._properties)], log=log
        )
        try:
            if child.wait(_READY_SECONDS) != 0:
                raise process.ProcessFailedError(f"It could not be set up:\n{process.tail(log)}")
        finally:
            process.kill_session(child.pid)

    def _forget(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._lives = 0

    def _throw_away(self) -> None:
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)
