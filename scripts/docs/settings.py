"""The page of settings, from the classes that read them."""

from collections.abc import Iterable, Iterator

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from huleedu_service_libs.config import ServiceSettings
from scripts.docs.places import NOTE, ROOT, SERVICES, module


def page() -> str:
    lines = [
        "# Settings",
        "",
        NOTE,
        "",
        "Environment variables. Each service reads those of every service and its own.",
        "",
        "## Every service",
        "",
        *table(ServiceSettings, ServiceSettings.model_fields),
    ]
    for service in SERVICES:
        model = module(ROOT / "services" / service / "config.py").Settings
        own = [
            name
            for name, field in model.model_fields.items()
            if name not in ServiceSettings.model_fields
            or (name != "service_name" and field.default != _default_of_all(name))
        ]
        lines += ["", f"## {service}", "", *table(model, own)]
    return "\n".join(lines) + "\n"


def _default_of_all(name: str) -> object:
    return ServiceSettings.model_fields[name].default


def table(model: type[ServiceSettings], names: Iterable[str]) -> Iterator[str]:
    yield "| variable | default | what it is |"
    yield "| --- | --- | --- |"
    for name in names:
        field = model.model_fields[name]
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        shown = "each its own" if default is PydanticUndefined else f"`{default}`"
        inherited = ServiceSettings.model_fields.get(name)
        described = field.description or (inherited.description if inherited else "")
        yield f"| `{name.upper()}` | {shown} | {described} |"
