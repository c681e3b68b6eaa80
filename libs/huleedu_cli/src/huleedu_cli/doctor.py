"""`huleedu doctor`: what is up, what is not, and what to do about it."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from huleedu_cli import state
from huleedu_cli.stack import SERVICES
from huleedu_embedded.infrastructure import VARIABLES

_SECONDS = 2.0
_USUAL = {
    "api_gateway_service": 8080,
    "content_service": 8001,
    "batch_orchestrator_service": 5001,
    "batch_conductor_service": 4002,
    "essay_lifecycle_service": 6001,
    "spellchecker_service": 8002,
    "cj_assessment_service": 9095,
    "result_aggregator_service": 4003,
}
_PORTS = {"DATABASE_URL": 5432, "REDIS_URL": 6379, "KAFKA_BOOTSTRAP_SERVERS": 9092}
_TITLES = {
    "DATABASE_URL": "PostgreSQL",
    "REDIS_URL": "Redis",
    "KAFKA_BOOTSTRAP_SERVERS": "Kafka broker",
}


@dataclass(frozen=True)
class Finding:
    what: str
    where: str
    trouble: str | None
    advice: str = ""


def doctor(console: Console) -> bool:
    """Look and tell; True if everything is up."""
    running = state.read()
    if running is not None:
        console.print("Looking at the stack that `huleedu up` has started.")
        findings = examine(running.infrastructure, running.services, logs=running.logs)
    elif configured := {name: os.environ[name] for name in _PORTS if os.environ.get(name)}:
        console.print("Looking at the addresses in the environment.")
        findings = examine(configured, _usual_addresses(), logs=None)
    else:
        console.print(
            "Nothing is running: `pdm run huleedu up` starts the stack on this machine, and"
            " `pdm run huleedu assess PATH...` brings its own. For a stack elsewhere set"
            f" {', '.join(VARIABLES.values())}."
        )
        return False
    console.print(_table(findings))
    return all(finding.trouble is None for finding in findings)


def examine(
    infrastructure: Mapping[str, str], services: Mapping[str, str], *, logs: str | None
) -> list[Finding]:
    """Ask everything whether it is there; `infrastructure` by variable, `services` by name."""
    findings = [_server(variable, address) for variable, address in infrastructure.items()]
    with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
        findings += [_service(client, name, url, logs) for name, url in services.items()]
    return findings


def _server(variable: str, address: str) -> Finding:
    """Connect to the first address; more than that its services will tell."""
    parts = urlsplit(address if "://" in address else f"//{address.partition(',')[0]}")
    host, port = parts.hostname or "127.0.0.1", parts.port or _PORTS[variable]
    try:
        socket.create_connection((host, port), _SECONDS).close()
    except OSError as error:
        advice = f"Is it running? {variable} says it is at {host}:{port}."
        reason = error.strerror or "does not answer"
        return Finding(_TITLES[variable], f"{host}:{port}", reason, advice)
    return Finding(_TITLES[variable], f"{host}:{port}", None)


def _service(client: httpx.Client, name: str, url: str, logs: str | None) -> Finding:
    where = urlsplit(url).netloc
    look = f"See {Path(logs) / name}.log" if logs else "See its log."
    try:
        response = client.get(url)
    except httpx.HTTPError:
        return Finding(name, where, "does not answer", look)
    if response.is_success:
        return Finding(name, where, None)
    try:
        checks: dict[str, str] = response.json()["checks"]
    except (ValueError, KeyError, TypeError):
        return Finding(name, where, f"answers {response.status_code}", look)
    failed = [f"{check}: {answer}" for check, answer in checks.items() if answer != "ok"]
    return Finding(name, where, "; ".join(failed) or "not ready", look)


def _usual_addresses() -> dict[str, str]:
    """Where the services are unless `*_URL` says something else."""
    addresses = {}
    for name, variable in SERVICES.items():
        usual = f"http://127.0.0.1:{_USUAL[name]}"
        base = os.environ.get(variable, usual) if variable else usual
        addresses[name] = re.sub(r"/*$", "/readyz", base, count=1)
    return addresses


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        table.add_row(
            Text("up", "green") if finding.trouble is None else Text("DOWN", "bold red"),
            finding.what,
            finding.where,
            Text(". ".join(filter(None, [finding.trouble, finding.advice]))),
        )
    return table
