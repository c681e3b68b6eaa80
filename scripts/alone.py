"""Run the tests of one member where nothing is there but what it needs.

    python scripts/alone.py services/content_service [PYTEST OPTIONS]

Its packages, at the versions of pdm.lock, go into an environment of their own, and a copy of the
member and its libraries beside it; a library's tests also look at the clone they are in, and get a
copy of that. Needs a Python with venv and pip, so that a bare container will do:

    docker run --rm -v "$PWD:/clone:ro" python:3.11-slim-bookworm \
        python /clone/scripts/alone.py services/content_service
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("services/__init__.py", "conftest.py", "pyproject.toml", "scripts", "examples")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".cache", "results", "__pycache__", ".*_cache")


def main(member: str, options: list[str]) -> int:
    name = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]["name"]
    with tempfile.TemporaryDirectory(prefix="huleedu-alone-") as place:
        tree, environment = Path(place, "tree"), Path(place, "environment")
        libraries = copy_code(member, name, tree)
        python = install(name, environment)
        print(f"{member}, with {', '.join(libraries)}", flush=True)
        path = [
            tree,
            *(tree / library / "src" for library in libraries if library.startswith("./libs/")),
        ]
        plugins = ["-p", "huleedu_embedded.pytest_plugin", "-p", "no:cacheprovider"]
        return subprocess.run(  # noqa: S603 - our own command
            [python, "-m", "pytest", *plugins, member, *options],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
            check=False,
        ).returncode


def copy_code(member: str, name: str, tree: Path) -> list[str]:
    """The folders of the workspace that the member and its tests need."""
    needed = requirements(name, "--members").split()
    wanted = ["."] if member.startswith("libs/") else [*needed, *BESIDE]
    for each in wanted:
        source, target = ROOT / each, tree / each
        if source.is_dir():
            shutil.copytree(source, target, ignore=LEFT_OUT, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return needed


def install(name: str, environment: Path) -> Path:
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    listed = environment / "requirements.txt"
    listed.write_text(requirements(name))
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(listed)]
    subprocess.run([python, "-m", "pip", "install", *options], check=True)  # noqa: S603 - as above
    return python


def requirements(name: str, *options: str) -> str:
    script = str(ROOT / "scripts" / "requirements.py")
    command = [sys.executable, script, name, "--tests", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/"), sys.argv[2:]))
