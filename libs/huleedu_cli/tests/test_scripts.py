"""The scripts at the root, in a clone where a stand-in for Python notes what it is asked."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from huleedu_cli.clone import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]

PYTHON = """#!/bin/sh
case "$1" in
-c) exit 0 ;;
*bootstrap.py) echo set-up >> "$CLONE/calls"; echo "$2" > "$CLONE/.venv/.set-up" ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = tmp_path / "a clone"
    for folder in ("services/spellchecker_service", "libs/common_core", ".venv/bin", "bin"):
        (clone / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    for name in (".", "services/spellchecker_service", "libs/common_core"):
        (clone / name / "pyproject.toml").write_text("")
    (clone / "pdm.lock").write_text("")
    program(clone / "bin" / "python3.11", PYTHON)
    program(clone / ".venv" / "bin" / "python", "#!/bin/sh\n")
    program(clone / ".venv" / "bin" / "pytest", '#!/bin/sh\necho "$PWD:" "$@"\n')
    program(clone / ".venv" / "bin" / "huleedu", '#!/bin/sh\necho "$PWD:" "$@"\n')
    return clone


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def run(clone: Path, tmp_path: Path) -> Run:
    """Run a script from another folder, with nothing of this machine's but the basic tools."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "sed"):
        (tools / name).symlink_to(str(shutil.which(name)))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(script: str, *arguments: str, python: bool = True) -> subprocess.CompletedProcess[str]:
        path = f"{clone / 'bin'}:{tools}" if python else str(tools)
        return subprocess.run(  # noqa: S603 - our own scripts
            [clone / "scripts" / script, *arguments],
            cwd=elsewhere,
            env={"PATH": path, "CLONE": str(clone)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def set_ups(clone: Path) -> int:
    calls = clone / "calls"
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def test_the_set_up_runs_once_and_again_when_what_is_needed_changes(clone: Path, run: Run) -> None:
    assert run("test").returncode == 0
    assert set_ups(clone) == 1
    assert run("test").returncode == 0
    assert set_ups(clone) == 1
    (clone / "services/spellchecker_service/pyproject.toml").write_text("# one more dependency")
    assert run("test").returncode == 0
    assert set_ups(clone) == 2


def test_an_environment_whose_python_is_gone_is_set_up_again(clone: Path, run: Run) -> None:
    run("test")
    python = clone / ".venv" / "bin" / "python"
    kept = python.read_text()
    python.unlink()
    program(clone / "bin" / "python3.11", f"{PYTHON}\ncat > '{python}' <<E\n{kept}\nE\n")
    with (clone / "bin" / "python3.11").open("a") as file:
        file.write(f"/bin/chmod +x '{python}'\n")
    assert run("test").returncode == 0
    assert set_ups(clone) == 2


def test_without_a_python_it_says_which_one_it_needs(run: Run) -> None:
    result = run("assess", "essays", python=False)
    assert result.returncode != 0
    assert "needs Python 3.11 or newer" in result.stderr


def test_a_failed_set_up_is_the_end(clone: Path, run: Run) -> None:
    program(clone / "bin" / "python3.11", '#!/bin/sh\n[ "$1" = -c ] || exit 1\n')
    result = run("test")
    assert result.returncode == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ([], ""),
        (["-x", "-k", "a b"], "-x -k a b"),
        (["spellchecker_service"], "services/spellchecker_service"),
        (["common_core", "-q"], "libs/common_core -q"),
        (["e2e"], "services/tests/e2e"),
        (["libs/common_core"], "libs/common_core"),
    ],
)
def test_the_suites_are_called_by_their_members(
    clone: Path, run: Run, given: list[str], passed_on: str
) -> None:
    assert run("test", *given).stdout == f"{clone}: {passed_on}".rstrip() + "\n"


def test_an_unknown_suite_is_told_with_those_that_there_are(run: Run) -> None:
    result = run("test", "spelchecker")
    assert result.returncode == 2
    assert "no suite called spelchecker" in result.stderr
    assert "spellchecker_service" in result.stderr
    assert "common_core" in result.stderr


def test_paths_given_to_assess_are_those_of_the_caller(tmp_path: Path, run: Run) -> None:
    result = run("assess", "my essays", "--language", "sv")
    assert result.stdout == f"{tmp_path / 'elsewhere'}: assess my essays --language sv\n"


@pytest.fixture
def bootstrap(clone: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", clone / "scripts" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_a_killed_pdm_has_left_is_put_back(clone: Path, bootstrap: ModuleType) -> None:
    workspace = clone / "pyproject.toml"
    workspace.rename(clone / "pyproject.toml.a1b2c3d4")
    workspace.write_text("[tool.uv.workspace]\n")
    (clone / "uv.lock").write_text("")
    assert bootstrap.restored_workspace_file()
    assert workspace.read_text() == ""
    assert not (clone / "uv.lock").exists()
    assert not bootstrap.restored_workspace_file()


def test_the_network_is_used_as_pip_is_configured(
    tmp_path: Path, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("PIP_", "PDM_", "UV_", "SSL_")):
            monkeypatch.delenv(name)
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://mirror.example/simple\ncert = /etc/school.pem\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    settings = bootstrap.network_settings()
    assert settings["PDM_PYPI_URL"] == "https://mirror.example/simple"
    assert settings["SSL_CERT_FILE"] == "/etc/school.pem"
    monkeypatch.setenv("PDM_PYPI_URL", "https://other.example/simple")
    assert "PDM_PYPI_URL" not in bootstrap.network_settings()
