"""Break the library in one way at a time and show which test suites notice.

python -m scripts.mutants                               all mutants, where they must be noticed
python -m scripts.mutants --mutant NAME --suite NAME    some; NAME may be a part; repeatable
python -m scripts.mutants --everywhere                  also the suites that need not notice

The change is made in a copy of the repository, which the tests then import. Exits with 1 if a
mutant survives a suite that must notice it. The suites are taken to be green without mutants.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants.changes import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = Path("libs/huleedu_service_libs/src/huleedu_service_libs")
SECONDS = 300
LIBRARY = "library"
SUITES = {
    LIBRARY: (
        "libs/huleedu_service_libs/tests/unit",
        "libs/huleedu_service_libs/tests/integration",
    ),
    "batch_conductor": (
        "services/batch_conductor_service/tests/unit/test_bcs_idempotency_basic.py",
    ),
    "batch_orchestrator": (
        "services/batch_orchestrator_service/tests/unit/test_idempotency_basic.py",
    ),
    "cj_assessment": ("services/cj_assessment_service/tests/unit/test_cj_idempotency_basic.py",),
    "essay_lifecycle": (
        "services/essay_lifecycle_service/tests/unit/test_els_idempotency_integration.py",
    ),
    "spellchecker": ("services/spellchecker_service/tests/unit/test_spell_idempotency_basic.py",),
    "result_aggregator": (
        "services/result_aggregator_service/tests/integration/test_kafka_consumer_idempotency.py",
    ),
}
TESTS_FAILED = 1
"""Pytest's exit code."""


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    suite: str
    noticed: bool
    by: str
    seconds: float

    @property
    def survived(self) -> bool:
        return not self.noticed and must_notice(self.suite, self.mutant)


def must_notice(suite: str, mutant: Mutant) -> bool:
    return suite == LIBRARY or mutant.everywhere


def mutate(source: str, mutant: Mutant) -> str:
    """The file with the change; ValueError if it does not apply once, for then it tests nothing."""
    if source.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.name!r}: its text stands {source.count(mutant.old)} times in {mutant.file}"
        )
    return source.replace(mutant.old, mutant.new)


def copy_repository(to: Path) -> None:
    """What git has or would take, so without environments and caches."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - fixed words
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def run_suite(copy: Path, suite: str) -> tuple[bool, str]:
    """Whether a test failed, and which; RuntimeError if the run shows neither."""
    libraries = sorted(str(path) for path in copy.glob("libs/*/src"))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(copy), *libraries]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-m", "not apache_kafka"]  # a mutant must be noticed on a bare machine
    try:
        run = subprocess.run(  # noqa: S603 - our own tests
            [*command, *SUITES[suite]],
            cwd=copy,
            env=environment,
            timeout=SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True, f"did not end within {SECONDS} s"
    failed = re.search(r"^(?:FAILED|ERROR) \S*?::(\S+)", run.stdout, re.MULTILINE)
    if run.returncode not in (0, TESTS_FAILED) or (run.returncode and failed is None):
        raise RuntimeError(f"{suite}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return failed is not None, failed[1] if failed else ""


def judge(mutant: Mutant, suites: Sequence[str]) -> list[Verdict]:
    with tempfile.TemporaryDirectory(prefix="huleedu-mutant-") as folder:
        copy = Path(folder)
        copy_repository(copy)
        target = copy / PACKAGE / mutant.file
        target.write_text(mutate(target.read_text(), mutant))
        verdicts = []
        for suite in suites:
            started = time.monotonic()
            noticed, by = run_suite(copy, suite)
            verdict = Verdict(mutant, suite, noticed, by, time.monotonic() - started)
            print(_line(verdict), flush=True)
            verdicts.append(verdict)
        return verdicts


def _line(verdict: Verdict) -> str:
    word = "noticed" if verdict.noticed else "SURVIVED" if verdict.survived else "not noticed"
    columns = f"{verdict.mutant.name:<50}{verdict.suite:<20}{word:<13}{verdict.seconds:5.0f} s"
    return f"{columns}  {verdict.by}".rstrip()


def _chosen(parts: Sequence[str], names: Sequence[str]) -> list[str]:
    for part in parts:
        if not any(part in name for name in names):
            sys.exit(f"there is no {part!r}; there are: {', '.join(names)}")
    return [name for name in names if not parts or any(part in name for part in parts)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="pdm run mutants", description="Break the library; show which suites notice."
    )
    parser.add_argument("--mutant", action="append", default=[], metavar="NAME")
    parser.add_argument("--suite", action="append", default=[], metavar="NAME")
    parser.add_argument("--everywhere", action="store_true", help="ask every suite about each")
    asked = parser.parse_args(arguments)
    names = _chosen(asked.mutant, [mutant.name for mutant in MUTANTS])
    suites = _chosen(asked.suite, list(SUITES))
    verdicts = [
        verdict
        for mutant in MUTANTS
        if mutant.name in names
        for verdict in judge(
            mutant, [suite for suite in suites if asked.everywhere or must_notice(suite, mutant)]
        )
    ]
    survivors = [verdict for verdict in verdicts if verdict.survived]
    print(f"{len(verdicts)} runs, {len(survivors)} survived")
    return 1 if survivors or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
