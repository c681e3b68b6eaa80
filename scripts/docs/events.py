"""The page of events, from the table of topics and the routers."""

from common_core.topics import EVENTS, PARTITIONS
from scripts.docs.places import NOTE, ROOT, SERVICES, module


def consumers() -> dict[str, list[str]]:
    """Service names by topic, from the routers."""
    found: dict[str, list[str]] = {}
    for service in SERVICES:
        handlers = ROOT / "services" / service / "handlers.py"
        if handlers.exists():
            for topic in module(handlers).router.topics:
                found.setdefault(topic, []).append(service)
    return found


def page(hears: dict[str, list[str]]) -> str:
    lines = [
        "# Events",
        "",
        NOTE,
        "",
        (
            "Every event travels in one envelope"
            " (`libs/common_core/src/common_core/events/envelope.py`);"
            f" a topic has {PARTITIONS} partitions and carries one class, which has the fields;"
            " its JSON Schema is in `contracts/events`, the AsyncAPI document is"
            " `contracts/asyncapi.json`,"
            " a recorded message of each in `libs/common_core/tests/contract/golden`."
        ),
        "",
        "| event | topic | from | to | what it says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in EVENTS:
        listeners = ", ".join(hears.get(row.topic, [])) or f"nobody here: {row.reason}"
        says = (row.model.__doc__ or "").strip().partition("\n")[0]
        says_it = ", ".join(row.producers)
        lines.append(f"| `{row.name}` | `{row.topic}` | {says_it} | {listeners} | {says} |")
    return "\n".join(lines) + "\n"
