"""What pip installs for one member of the workspace: exactly what pdm.lock says, with hashes.

    python scripts/requirements.py content-service --without huleedu-service-libs
    python scripts/requirements.py content-service --tests
    python scripts/requirements.py content-service --members

Needs nothing but Python. pip is to be given `--no-deps --require-hashes`: the list is complete.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_ROOT = Path(__file__).parents[1]
_TEST_SERVERS = "huleedu-embedded"
_CHECKS = {"mypy", "ruff", "import-linter"}
_DEPENDENCY = re.compile(
    r"(?P<name>[\w.-]+)(?:\[(?P<extras>[^]]*)])?\s*(?P<versions>[^;]*?)\s*(?:;\s*(?P<marker>.*))?"
)

Package = Mapping[str, Any]


class Dependency(NamedTuple):
    name: str
    extras: frozenset[str]
    version: str | None
    marker: str | None


class Lock:
    """The packages of a lock file, members of the workspace among them."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._packages: dict[str, list[Package]] = {}
        for package in content["package"]:
            self._packages.setdefault(_canonical(package["name"]), []).append(package)

    def find(self, wanted: Dependency) -> Package:
        """Raises LookupError unless exactly one package is meant."""
        found = [
            package
            for package in self._packages.get(wanted.name, [])
            if wanted.version in (None, package["version"])
            and frozenset(package.get("extras", ())) == wanted.extras
        ]
        if len(found) != 1:
            raise LookupError(f"pdm.lock has {len(found)} packages for {wanted}")
        return found[0]

    def closure(self, roots: Iterable[str]) -> dict[str, tuple[Package, set[str | None]]]:
        """All that the roots need: by name and version, with the markers each is needed under."""
        needed: dict[str, tuple[Package, set[str | None]]] = {}
        seen = set()
        waiting: list[tuple[Dependency, str | None]] = [(dependency(root), None) for root in roots]
        while waiting:
            wanted, condition = step = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            package = self.find(wanted)
            label = f"{_canonical(package['name'])}=={package['version']}"
            needed.setdefault(label, (package, set()))[1].add(condition)
            depended_on = map(dependency, package.get("dependencies", ()))
            waiting += [(each, _both(condition, each.marker)) for each in depended_on]
        return needed


def dependency(text: str) -> Dependency:
    """Read one dependency; of its versions only an exact one counts, as the lock has the others."""
    match = _DEPENDENCY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a dependency: {text!r}")
    extras = (extra.strip() for extra in (match["extras"] or "").split(","))
    exact = re.fullmatch(r"==\s*([^,*]+)", match["versions"])
    return Dependency(
        _canonical(match["name"]),
        frozenset(filter(None, extras)),
        exact[1] if exact else None,
        match["marker"],
    )


def requirements(lock: Lock, roots: Iterable[str], without: Iterable[str] = ()) -> Iterator[str]:
    """Lines for pip, leaving out what the members `without` need."""
    present = lock.closure(without)
    for label, (package, conditions) in sorted(lock.closure(roots).items()):
        if "path" in package or label in present:
            continue
        markers = sorted(f"({each})" for each in conditions if each is not None)
        condition = "" if None in conditions else f" ; {' or '.join(markers)}"
        hashes = "".join(f" --hash={file['hash']}" for file in package["files"])
        yield label + condition + hashes


def members(lock: Lock, roots: Iterable[str]) -> list[str]:
    """The folders of the workspace's own packages that the roots need."""
    needed = lock.closure(roots).values()
    return sorted(package["path"] for package, _ in needed if "path" in package)


def _both(first: str | None, second: str | None) -> str | None:
    return f"({first}) and ({second})" if first and second else first or second


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _test_tools() -> list[str]:
    groups = tomllib.loads((_ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return [tool for tool in groups["dev"] if dependency(tool).name not in _CHECKS]


def _own_test_tools(package: Package) -> list[str]:
    project = tomllib.loads((_ROOT / package["path"] / "pyproject.toml").read_text())
    return list(project.get("dependency-groups", {}).get("test", []))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("member", help="a service or library of the workspace")
    parser.add_argument("--without", action="append", default=[], help="leave out what this needs")
    parser.add_argument("--tests", action="store_true", help="with what its tests need")
    parser.add_argument("--members", action="store_true", help="its folders and its libraries'")
    given = parser.parse_args()
    lock = Lock(tomllib.loads((_ROOT / "pdm.lock").read_text()))
    roots = [given.member]
    if given.tests:
        own = _own_test_tools(lock.find(dependency(given.member)))
        roots += [_TEST_SERVERS, *_test_tools(), *own]
    if given.members:
        print(*members(lock, roots), sep="\n")
    else:
        print(*requirements(lock, roots, given.without), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
