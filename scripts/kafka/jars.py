"""The programs of Apache Kafka as `pom.xml` names them, fetched once by Maven."""

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_OLDEST_JAVA = 17
_FETCH_SECONDS = 300


class UnavailableError(Exception):
    """Apache Kafka cannot run here; the text says why."""


@cache
def java() -> str:
    """Find a Java that is new enough: in JAVA_HOME, otherwise on the path."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        raise UnavailableError("there is no Java")
    said = _run([program, "-version"], seconds=30)
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise UnavailableError(f"Java {version[1] if version else '?'} is older than Java 17")
    return program


@cache
def jars() -> Path:
    """Give the folder of the jars, fetching them with Maven if need be."""
    folder = _CACHE / sha256(_POM.read_bytes()).hexdigest()[:16]
    if folder.exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("there is no Maven to fetch it with")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=_CACHE) as new:
        fetched = Path(new) / "jars"
        _run(
            [
                *(maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_POM)),
                *("dependency:copy-dependencies", f"-DoutputDirectory={fetched}"),
            ],
            seconds=_FETCH_SECONDS,
        )
        try:
            fetched.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another process was faster
                raise
    return folder


def _run(command: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        first = next(iter(error.output.strip().splitlines()), f"status {error.returncode}")
        raise UnavailableError(f"{Path(command[0]).name} failed: {first}") from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise UnavailableError(f"{Path(command[0]).name} failed: {error}") from error
    return done.stdout
