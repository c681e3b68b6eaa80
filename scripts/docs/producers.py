"""Which service says which event, from the classes it constructs."""

import ast
from collections.abc import Iterator

from common_core.events.deletion_events import BatchDataDeletedV1
from common_core.phases import PHASES
from common_core.topics import EVENTS
from scripts.docs.places import ROOT, SERVICES

_BY_PHASE = {
    "command": {phase.command.__name__ for phase in PHASES},
    "request": {phase.request.__name__ for phase in PHASES},
    "completed": {phase.completed.__name__ for phase in PHASES},
}
"""`phase.command(...)` constructs the command of whichever phase it is."""


def contradictions() -> Iterator[str]:
    """Sentences: where the table of events and what the services construct differ."""
    constructs = {service: set(_constructed(service)) for service in SERVICES}
    for row in EVENTS:
        found = {service for service, names in constructs.items() if row.name in names}
        for absent in sorted(set(row.producers) - found):
            yield f"{row.name}: the table says that {absent} says it, and it never does"
        for other in sorted(found - set(row.producers)):
            yield (
                f"{row.name}: {other} says it,"
                f" and the table says it comes from {', '.join(row.producers)}"
            )


def _constructed(service: str) -> Iterator[str]:
    for path in (ROOT / "services" / service).rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="forgetting")):
                    yield BatchDataDeletedV1.__name__
                case ast.Call(func=ast.Name(id=name)):
                    yield name
                case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if (
                    attribute in _BY_PHASE and "phase" in ast.unparse(value)
                ):
                    yield from _BY_PHASE[attribute]
