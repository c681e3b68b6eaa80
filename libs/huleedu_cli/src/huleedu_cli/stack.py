"""The eight services: where they listen, how they find each other, what they are given."""

import os
import random
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from huleedu_cli.clone import ROOT, need_services
from huleedu_cli.launcher import Program

_HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, which come and go at any moment."""
USUAL_GATEWAY_PORT = 8080

GATEWAY = "api_gateway_service"
SERVICES: dict[str, str | None] = {
    GATEWAY: None,
    "content_service": "CONTENT_URL",
    "batch_orchestrator_service": "BOS_URL",
    "batch_conductor_service": "BCS_URL",
    "essay_lifecycle_service": "ELS_URL",
    "spellchecker_service": "SPELL_URL",
    "cj_assessment_service": "CJ_URL",
    "result_aggregator_service": "RAS_URL",
}
"""Each service with the variable by which the others know its address, if any calls it."""


@dataclass(frozen=True)
class Stack:
    programs: tuple[Program, ...]
    gateway_url: str
    api_key: str = field(repr=False)


def plan_stack(
    infrastructure: Mapping[str, str],
    *,
    prefer_usual_port: bool,
    embedded_broker: bool,
) -> Stack:
    """Plan the services for this infrastructure, given as their variables name it."""
    need_services()
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    if prefer_usual_port and is_free(USUAL_GATEWAY_PORT):
        ports[GATEWAY] = USUAL_GATEWAY_PORT
    urls = {name: f"http://{_HOST}:{port}" for name, port in ports.items()}
    keys = os.environ.get("API_KEYS") or f"{secrets.token_urlsafe(24)}:teacher"
    shared = {
        **infrastructure,
        **{variable: urls[name] for name, variable in SERVICES.items() if variable},
        "HOST": _HOST,
        # Somebody waits for the end, and what is under way goes with the data.
        "SHUTDOWN_SECONDS": os.environ.get("SHUTDOWN_SECONDS", "3"),
    }
    if embedded_broker:
        # The broker lets a dead member's successor in only when its session has run out.
        shared["KAFKA_SESSION_TIMEOUT_MS"] = os.environ.get("KAFKA_SESSION_TIMEOUT_MS", "3000")
    programs = tuple(
        Program(
            name=name,
            command=(sys.executable, "-m", f"services.{name}"),
            cwd=ROOT,
            environment={**shared, "PORT": str(port), **_secrets(name, keys)},
            ready_url=f"{urls[name]}/readyz",
        )
        for name, port in ports.items()
    )
    return Stack(programs, urls[GATEWAY], keys.partition(",")[0].rpartition(":")[0])


def _secrets(name: str, keys: str) -> dict[str, str]:
    return {"API_KEYS": keys} if name == GATEWAY else {}


def free_ports(count: int) -> list[int]:
    """Find ports on the loopback interface that nobody listens on now."""
    candidates = random.sample(_PORTS, len(_PORTS))
    free = (port for port in candidates if is_free(port))
    return [next(free) for _ in range(count)]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
