"""Builds .venv from the lock file; called by bootstrap.sh with the fingerprint of what it needs.

Standard library only: it runs on a bare Python 3.11 or newer, also one without ensurepip. Ends with
status 0 when .venv is ready, or when another process may just have made it so: the caller looks.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urljoin

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
STAMP = VENV / ".set-up"
TOOL = CACHE / "pdm"
REQUIREMENTS = ROOT / "scripts" / "pdm-requirements.txt"
LOG = CACHE / "bootstrap.log"

PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
ADVICE = (
    "The whole output is in .cache/bootstrap.log. Behind a proxy set HTTPS_PROXY, and SSL_CERT_FILE"
    " to its certificate; for a mirror of the package index set PIP_INDEX_URL."
)
CERTIFICATE_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def main(fingerprint: str) -> None:
    signal.signal(signal.SIGTERM, interrupt)
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bootstrap.lock").open("w") as lock:
        if not acquired_at_once(lock) or restored_workspace_file():
            return  # what was true when the caller looked may have changed
        if not runs(VENV) or has_moved():
            shutil.rmtree(VENV, ignore_errors=True)
        STAMP.unlink(missing_ok=True)
        environment = {**os.environ, **network_settings()}
        if not tool_is_ready():
            with step("Installing PDM and uv into .cache/pdm"), removed_on_failure(TOOL):
                install_tool(environment, lock)
        with contextlib.ExitStack() as stack:
            if not VENV.exists():
                stack.enter_context(removed_on_failure(VENV))
            with step("Installing HuleEdu and what it needs into .venv (once, about a minute)"):
                install_workspace(environment, lock)
        STAMP.write_text(fingerprint + "\n")


def has_moved() -> bool:
    """Tell whether the environment was built elsewhere; its programs name that place."""
    return STAMP.exists() and str(ROOT) not in STAMP.read_text()


def acquired_at_once(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another set-up of this folder to finish ...")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return False
    return True


def restored_workspace_file() -> bool:
    """Put back the pyproject.toml that PDM replaces while uv works, should it have been killed."""
    replaced = ROOT / "pyproject.toml"
    if "[tool.uv" not in replaced.read_text():
        return False
    originals = sorted(ROOT.glob("pyproject.toml.????????"), key=lambda path: path.stat().st_mtime)
    if not originals:
        return False
    originals[-1].replace(replaced)
    (ROOT / "uv.lock").unlink(missing_ok=True)
    return True


def network_settings() -> dict[str, str]:
    """Let pip, PDM and uv agree on the package index and certificates the user has configured."""
    settings: dict[str, str] = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    index = pip_option("index-url")
    if index:
        settings["PDM_PYPI_URL"] = index
    certificates = pip_option("cert") or os.environ.get("SSL_CERT_FILE")
    if not certificates:
        certificates = next(filter(os.path.exists, CERTIFICATE_BUNDLES), None)
        # The machine's own certificates know a proxy's; those that uv carries do not.
        settings["UV_SYSTEM_CERTS"] = "true"
    if certificates:
        settings |= {"PIP_CERT": certificates, "SSL_CERT_FILE": certificates}
    return {name: value for name, value in settings.items() if name not in os.environ}


def pip_option(name: str) -> str | None:
    """Read an option as pip would: from its variable, then from its files."""
    variable = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if variable:
        return variable
    home = Path.home()
    configured = os.environ.get("XDG_CONFIG_HOME")
    candidates = [
        Path(os.environ.get("PIP_CONFIG_FILE", os.devnull)),
        (Path(configured) if configured else home / ".config") / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        Path("/etc/pip.conf"),
    ]
    for path in candidates:
        parser = ConfigParser(interpolation=None)
        parser.read(path)
        value = parser.get("global", name, fallback=None)
        if value:
            return value
    return None


def tool_is_ready() -> bool:
    stamp = TOOL / ".requirements"
    wanted = REQUIREMENTS.read_bytes()
    return runs(TOOL) and stamp.exists() and stamp.read_bytes() == wanted


def install_tool(environment: dict[str, str], lock: IO[str]) -> None:
    shutil.rmtree(TOOL, ignore_errors=True)
    make_environment(TOOL, environment, lock)
    pip = [str(TOOL / "bin" / "python"), str(pip_wheel() / "pip")]
    options = ["install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    run([*pip, *options, "--requirement", str(REQUIREMENTS)], environment, lock)
    (TOOL / ".requirements").write_bytes(REQUIREMENTS.read_bytes())


def install_workspace(environment: dict[str, str], lock: IO[str]) -> None:
    if not VENV.exists():
        make_environment(VENV, environment, lock)
    choices = {
        "PDM_USE_UV": "1",
        "UV_COMPILE_BYTECODE": "1",  # eight processes start at once from it
        "PDM_CHECK_UPDATE": "0",
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_IGNORE_ACTIVE_VENV": "1",
    }
    pdm = [str(TOOL / "bin" / "python"), "-m", "pdm"]
    command = [*pdm, "install", "--quiet", "--frozen-lockfile", "--project", str(ROOT)]
    run(command, environment | choices, lock)


def make_environment(folder: Path, environment: dict[str, str], lock: IO[str]) -> None:
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], environment, lock)


def pip_wheel() -> Path:
    """Find the folder or wheel of this Python's pip, or get one from the user's package index."""
    spec = importlib.util.find_spec("ensurepip")
    if spec and spec.origin:
        for folder in (Path(spec.origin).parent / "_bundled", Path("/usr/share/python-wheels")):
            for wheel in folder.glob("pip-*.whl"):
                return wheel
    pip = importlib.util.find_spec("pip")
    if pip and pip.origin:
        return Path(pip.origin).parent.parent
    wheel = CACHE / PIP_WHEEL
    if not wheel.exists():
        index = pip_option("index-url")
        if not index:
            fail(
                "This Python has no pip. Install it with your system's packages (Debian:"
                " python3-venv), or set PIP_INDEX_URL to a package index that has it."
            )
        content = download_pip(index)
        if hashlib.sha256(content).hexdigest() != PIP_SHA256:
            fail(f"The package index gave a {PIP_WHEEL} that is not the one we know.")
        wheel.write_bytes(content)
    return wheel


def download_pip(index: str) -> bytes:
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    page = index.rstrip("/") + "/pip/"
    try:
        with urllib.request.urlopen(page, context=context, timeout=60) as answer:  # noqa: S310 - the user's own index
            link = re.search(rf'href="([^"#]*{re.escape(PIP_WHEEL)})', answer.read().decode())
        if not link:
            fail(f"{page} does not offer {PIP_WHEEL}.")
        wheel = urljoin(page, link[1])
        with urllib.request.urlopen(wheel, context=context, timeout=60) as answer:  # noqa: S310 - as above
            content: bytes = answer.read()
    except OSError as error:
        fail(f"Could not get pip from {page}: {error}")
    return content


def runs(folder: Path) -> bool:
    """Tell whether a virtual environment's Python still works and is new enough."""
    question = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        python = folder / "bin" / "python"
        answer = subprocess.run([python, "-c", question], check=False)  # noqa: S603 - our own
    except OSError:
        return False
    return answer.returncode == 0


def run(command: list[str], environment: dict[str, str], lock: IO[str]) -> None:
    """Run a command with its output in the log; an interrupt is passed on and waited for.

    PDM has files to put back before it may end, so it gets its own session, where no Ctrl-C reaches
    it twice, and a share of the lock, which holds as long as it runs.
    """
    inside = {name: value for name, value in environment.items() if name != "VIRTUAL_ENV"}
    with LOG.open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=ROOT,
            env=inside,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
        )
        try:
            status = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGINT)
            child.wait()
            raise
    if status != 0:
        lines = LOG.read_text(errors="replace").splitlines()[-25:]
        fail("\n".join(["That did not work:", *lines, "", ADVICE]))


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    say(f"{what} ...")
    start = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - start:.0f} s")


@contextlib.contextmanager
def removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        fail("Interrupted; the next start does it again.")
