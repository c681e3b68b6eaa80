"""What a cluster is told of each service, held against the service itself."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from dishka import make_async_container

from common_core.topics import PARTITIONS
from huleedu_cli.clone import ROOT
from huleedu_service_libs.consumer import ConsumerConfig
from huleedu_service_libs.health import Health, add_operations_routes
from huleedu_service_libs.idempotency.config import IdempotencyConfig
from huleedu_service_libs.outbox import relay
from huleedu_service_libs.service import Service
from scripts.docs import kubernetes
from scripts.docs.places import SERVICES, module

EXAMPLE = kubernetes.FOLDER / "example" / "config"
CONFIGURED = dict(re.findall(r"^(\w+)=(.*)$", (EXAMPLE / "huleedu.env").read_text(), re.MULTILINE))
OF_POSTGRESQL = {"PGSSLMODE"}
OF_CLUSTERS_ONLY = "KAFKA_PASSWORD"


manifests = cache(kubernetes.manifests)


def service(name: str) -> Service:
    return cast("Service", module(ROOT / "services" / name / "app.py").service)


def of_kind(kind: str, name: str, folder: str = "services") -> Mapping[str, Any]:
    """The one manifest of a kind that a service has."""
    found = [
        each
        for path in (kubernetes.FOLDER / folder).glob("*.yaml")
        for each in manifests(path)
        if each["kind"] == kind and each["metadata"]["name"] == kubernetes.host(name)
    ]
    assert len(found) == 1
    return found[0]


def pod(name: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", of_kind("Deployment", name)["spec"]["template"]["spec"])


def container(name: str) -> Mapping[str, Any]:
    (only,) = pod(name)["containers"]
    return cast("Mapping[str, Any]", only)


def variables(name: str) -> dict[str, str | None]:
    """What the container is given by name; None: from elsewhere."""
    return {each["name"]: each.get("value") for each in container(name)["env"]}


def addresses() -> dict[str, str]:
    (kustomization,) = manifests(kubernetes.FOLDER / "services" / "kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    return dict(each.split("=", 1) for each in generated["literals"])


def is_a_setting(name: str, of: Service) -> bool:
    return name.lower() in type(of.settings).model_fields


def test_what_is_written_by_hand_and_what_is_generated_is_what_kubernetes_accepts() -> None:
    assert list(kubernetes.problems()) == []


def test_a_mistake_in_a_manifest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {selectr: {}, ports: [{}]}}"
    (tmp_path / "wrong.yaml").write_text(wrong)
    monkeypatch.setattr(kubernetes, "FOLDER", tmp_path)
    monkeypatch.setattr(kubernetes, "ROOT", tmp_path)
    (problem,) = kubernetes.problems()
    assert problem.startswith("wrong.yaml: $.spec")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_its_workload_which_two_may_share(name: str) -> None:
    labels = of_kind("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    selector = of_kind("Service", name)["spec"]["selector"]
    assert selector.items() <= labels.items()
    assert of_kind("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == selector
    assert container(name)["image"] == f"huleedu/{name}"


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_is_given_are_settings_of_its_own(name: str) -> None:
    given = variables(name)
    parts = set(re.findall(r"\$\((\w+)\)", " ".join(filter(None, given.values()))))
    assert parts <= set(given)
    others = {each for each in given if not is_a_setting(each, service(name))}
    assert others <= parts
    assert all(is_a_setting(each, service(name)) for each in addresses())


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_with_tables_connects_as_itself_to_its_own_database(name: str) -> None:
    address = variables(name).get("DATABASE_URL")
    if service(name).migrations is None:
        assert address is None
    else:
        assert re.fullmatch(
            rf"postgresql://{name}:\$\(\w+\)@\$\(POSTGRES_SERVER\)/{name}", address or ""
        )
        assert address is not None
        secret = re.search(r":\$\((\w+)\)", address)
        assert secret is not None
        assert f"{name}:${{{secret[1]}:-" in (ROOT / "docker-compose.yml").read_text()


def test_the_example_configures_settings_and_parts_of_addresses() -> None:
    parts = {
        reference["key"]
        for path in kubernetes.FOLDER.rglob("*.yaml")
        for reference in references(manifests(path), "configMapKeyRef")
    }
    assert parts <= set(CONFIGURED)
    for name in set(CONFIGURED) - parts - OF_POSTGRESQL:
        assert any(is_a_setting(name, service(each)) for each in SERVICES), name


def test_every_secret_but_one_is_one_of_those_that_the_stack_in_containers_has() -> None:
    example = f"{(ROOT / '.env.example').read_text()}\n{OF_CLUSTERS_ONLY}="
    for path in kubernetes.FOLDER.rglob("*.yaml"):
        for reference in references(manifests(path), "secretKeyRef"):
            assert re.search(rf"^#?{reference['key']}=", example, re.MULTILINE)


def references(node: object, kind: str) -> Iterator[Mapping[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == kind:
                yield value
            yield from references(value, kind)
    elif isinstance(node, list):
        for each in node:
            yield from references(each, kind)


@pytest.mark.parametrize("name", SERVICES)
async def test_probes_ask_for_what_the_service_answers(name: str) -> None:
    wired = make_async_container()
    app = service(name).app(wired)
    add_operations_routes(app, Health())
    answered = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    probes = [
        container(name)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")
    ]
    assert {probe["path"] for probe in probes} <= answered
    assert {probe["port"] for probe in probes} == {container(name)["ports"][0]["name"]}
    dockerfile = (ROOT / "services" / "Dockerfile").read_text()
    assert f" PORT={container(name)['ports'][0]['containerPort']}\n" in dockerfile
    await wired.close()


@pytest.mark.parametrize("name", SERVICES)
def test_a_pod_that_ends_is_given_the_time_it_may_take(name: str) -> None:
    settings = service(name).settings
    consumer = ConsumerConfig(
        "", IdempotencyConfig(service_name=name), drain_budget=settings.shutdown_seconds
    )
    hypercorn = service(name)._hypercorn()
    ends = [
        container(name)["lifecycle"]["preStop"]["sleep"]["seconds"],
        consumer.drain_budget,
        consumer.commit_timeout,  # of the last commit
        consumer.commit_timeout,  # of the client
        relay._STOP_SECONDS,
        hypercorn.graceful_timeout,
    ]
    assert pod(name)["terminationGracePeriodSeconds"] > sum(ends)


@pytest.mark.parametrize("name", SERVICES)
def test_who_hears_events_is_scaled_by_what_waits_for_its_group(name: str) -> None:
    consumes = service(name).router is not None
    labels = of_kind("Deployment", name)["metadata"]["labels"]
    assert (labels["app.kubernetes.io/component"] == "consumer") == consumes
    if consumes:
        scaled = of_kind("ScaledObject", name, "autoscaling")["spec"]
        assert scaled["scaleTargetRef"]["name"] == of_kind("Deployment", name)["metadata"]["name"]
        group = ConsumerConfig("", IdempotencyConfig(service_name=name)).group
        assert scaled["triggers"][0]["metadata"]["consumerGroup"] == group
        assert scaled["minReplicaCount"] <= scaled["maxReplicaCount"] <= PARTITIONS


def test_the_example_names_the_image_of_every_service() -> None:
    (config,) = manifests(EXAMPLE / "kustomization.yaml")
    assert [each["name"] for each in config["images"]] == [f"huleedu/{each}" for each in SERVICES]


def test_databases_are_prepared_with_every_password_that_the_statements_ask_for() -> None:
    jobs = manifests(kubernetes.FOLDER / "prepare" / "jobs.yaml")
    (databases,) = (each for each in jobs if each["metadata"]["name"] == "databases")
    given = {each["key"] for each in references(databases, "secretKeyRef")}
    asked = re.findall(r"\\getenv \w+ (\w+)", (ROOT / "deploy/postgres/databases.sql").read_text())
    assert given == {"POSTGRES_PASSWORD", *asked}
