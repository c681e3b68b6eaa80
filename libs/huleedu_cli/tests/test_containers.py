"""What images are built from and the stack starts with, as far as it shows without Docker."""

import re
import subprocess
from pathlib import Path

import pytest
import wordfreq

from huleedu_cli.clone import ROOT
from huleedu_cli.stack import SERVICES
from scripts import alone
from scripts.requirements import Lock, dependency, members, requirements
from services.spellchecker_service.domain.phonetics import LANGUAGES
from services.spellchecker_service.domain.sources import source_files

COMPOSE = (ROOT / "docker-compose.yml").read_text()
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)}")


def package(name: str, *dependencies: str, version: str = "1", **more: object) -> dict[str, object]:
    files = [{"file": f"{name}-{version}.whl", "hash": f"sha256:{name}{version}"}]
    return {
        "name": name,
        "version": version,
        "dependencies": list(dependencies),
        "files": files,
        **more,
    }


LOCK = Lock(
    {
        "package": [
            package("service", "library", "reader[secret]", "two==2; os_name == 'nt'", path="./s"),
            package("library", "two==1", path="./l"),
            package("reader", "tail; os_name == 'nt'"),
            package("reader", "cipher", "reader==1", extras=["secret"]),
            package("cipher"),
            package("two"),
            package("two", "tail; extra > '1'", version="2"),
            package("tail"),
        ]
    }
)


def test_a_member_gets_what_it_needs_and_what_that_needs_with_hashes() -> None:
    assert list(requirements(LOCK, ["service"])) == [
        "cipher==1 --hash=sha256:cipher1",
        "reader==1 --hash=sha256:reader1",
        "tail==1 ; ((os_name == 'nt') and (extra > '1')) or (os_name == 'nt') --hash=sha256:tail1",
        "two==1 --hash=sha256:two1",
        "two==2 ; (os_name == 'nt') --hash=sha256:two2",
    ]


def test_what_another_member_needs_can_be_left_out() -> None:
    assert not any(
        line.startswith("two==1") for line in requirements(LOCK, ["service"], ["library"])
    )


def test_the_folders_of_a_member_are_its_own_and_its_libraries() -> None:
    assert members(LOCK, ["service"]) == ["./l", "./s"]


def test_a_service_alone_has_no_other_service_beside_it(tmp_path: Path) -> None:
    alone.copy_code("services/content_service", "content-service", tmp_path)
    assert [each.parent.name for each in tmp_path.glob("services/*/tests")] == ["content_service"]
    assert not (tmp_path / "libs" / "huleedu_cli").exists()
    assert (tmp_path / "conftest.py").exists()


def test_a_dependency_the_lock_does_not_settle_is_an_error() -> None:
    with pytest.raises(LookupError, match="2 packages"):
        LOCK.find(dependency("two"))


def test_env_example_has_every_variable_of_the_stack_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict(
        VARIABLE.findall(COMPOSE)
    )
    passed_on = re.findall(r"^ +([A-Z_]+):(?: #.*)?$", COMPOSE, re.MULTILINE)
    assert passed_on == re.findall(r"^#(\w+)=", example, re.MULTILINE)


def test_every_variable_has_one_default() -> None:
    assert len(set(VARIABLE.findall(COMPOSE))) == len(
        {name for name, _ in VARIABLE.findall(COMPOSE)}
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_built_and_has_a_database_of_its_own(service: str) -> None:
    assert f"args: {{SERVICE: {service}}}" in COMPOSE
    if (ROOT / "services" / service / "migrations").exists():
        assert re.search(
            rf"postgresql://{service}:\S+@postgres:5432/{service}$", COMPOSE, re.MULTILINE
        )
        assert f"('{service}', :'" in (ROOT / "deploy/postgres/databases.sql").read_text()
    scraped = (ROOT / "observability/prometheus/prometheus.yml").read_text()
    assert f"- {service}\n" in scraped


def test_an_image_keeps_what_the_spelling_indexes_are_made_from(tmp_path: Path) -> None:
    packages = Path(wordfreq.__file__).parents[1]
    sources = {file for language in LANGUAGES for file in source_files(language)}
    needed = {file.relative_to(packages) for file in sources if packages in file.parents}
    for file in needed:
        for name in (file, file.with_name("large_ja.msgpack.gz")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    script = ROOT / "scripts" / "slim.sh"
    subprocess.run(["/bin/sh", script, tmp_path], check=True)  # noqa: S603 - our own script
    left = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    assert left == needed
