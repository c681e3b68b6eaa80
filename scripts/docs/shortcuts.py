"""The record of the shortcuts that tests of idempotency take: per service, what closes each."""

from collections.abc import Iterator

from huleedu_service_libs.testing.idempotency_suite import IdempotencySuite
from huleedu_service_libs.testing.shortcuts import Shortcut, closing
from scripts.docs.places import NOTE, ROOT, module

KEY_PREFIX = "huleedu:"
INTRODUCTION = (
    "Each of these makes a test green while the service loses or repeats events. The tests are"
    " those of `huleedu_service_libs.testing.IdempotencySuite`, which a service subclasses in"
    " the file named below; each runs for every event type that the service consumes, through"
    " its real handlers, wiring, migrations and database. They say themselves which shortcut"
    " they close (`@closes`), and this page is made from that: a service without such a test"
    " fails `pdm run check`."
)


class OpenShortcutError(Exception):
    """A service has no test that closes a shortcut; the message says which."""


def page(consumers: set[str]) -> str:
    """For the services that consume events."""
    lines = [
        "# The shortcuts of idempotency tests, and what closes them",
        "",
        NOTE,
        "",
        INTRODUCTION,
        "",
        "| | shortcut | what it hides |",
        "| --- | --- | --- |",
        *(f"| {n} | {each.title} | {each.hides} |" for n, each in enumerate(Shortcut, 1)),
    ]
    for service in sorted(consumers):
        lines += ["", *_section(service)]
    return "\n".join(lines) + "\n"


def _section(service: str) -> Iterator[str]:
    path, suite = _suite(service)
    yield f"## {service}"
    yield ""
    yield f"`{path}`, class `{suite.__name__}`; events: " + ", ".join(
        f"`{case.model.__name__}`" for case in suite.cases
    )
    yield ""
    yield "| shortcut | closed by |"
    yield "| --- | --- |"
    for number, shortcut in enumerate(Shortcut, 1):
        tests = list(closing(suite, shortcut))
        if not tests:
            raise OpenShortcutError(f"{suite.__name__} closes nothing of: {shortcut.title}")
        yield f"| {number} {shortcut.title} | " + ", ".join(f"`{test}`" for test in tests) + " |"


def _suite(service: str) -> tuple[str, type[IdempotencySuite]]:
    for path in sorted((ROOT / "services" / service / "tests").rglob("test_*idempotency*.py")):
        for suite in vars(module(path)).values():
            if isinstance(suite, type) and IdempotencySuite in suite.__bases__:
                if KEY_PREFIX in path.read_text("utf-8"):
                    raise OpenShortcutError(f"{path.name} builds a key by hand")
                return str(path.relative_to(ROOT)), suite
    raise OpenShortcutError(f"{service} consumes events and has no idempotency suite")
