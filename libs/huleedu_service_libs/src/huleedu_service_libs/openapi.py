"""OpenAPI of what a service answers under `/v1`, made from its routes.

A route says with `document_request`, `document_querystring` and `document_response` of
quart-schema which bodies it takes and gives; `json_response` and `parse_body` hold it to that.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from quart import Quart
from quart_schema import Info, QuartSchema, document_response
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider
from werkzeug.routing import BaseConverter, Rule, UUIDConverter

from huleedu_service_libs.http import ProblemBody

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

_ERRORS = "Errors are `application/problem+json` with a stable `code` and a correlation id."


def problems(*statuses: int) -> Callable[[ViewT], ViewT]:
    """Say with which problems a route may answer."""

    def document(view: ViewT) -> ViewT:
        for status in statuses:
            view = document_response(ProblemBody, status)(view)
        return view

    return document


class _Provider(OpenAPIProvider):
    def generate_rules(self) -> list[Rule]:
        return [rule for rule in super().generate_rules() if rule.rule.startswith("/v1/")]

    def generate_methods(self, rule: Rule) -> list[str]:
        return sorted(super().generate_methods(rule))

    def operation_id(self, method: str, path: str, func: Callable[..., Any]) -> str | None:
        """The view's name, and where it answers at several addresses, what tells them apart."""
        rules = [
            rule
            for rule in self._app.url_map.iter_rules()
            if self._app.view_functions[rule.endpoint] is func
        ]
        found: str | None = super().operation_id(method, path, func)
        return found if len(rules) == 1 else f"{found}_{path.rpartition('/')[2]}"

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        parameter: dict[str, Any] = super().build_path_parameter(name, converter)
        if isinstance(converter, UUIDConverter):
            parameter["schema"]["format"] = "uuid"
        return parameter

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        for path in paths.values():
            for operation in path.values():
                if not operation["responses"]:
                    raise ValueError(f"{rule.endpoint} does not say what it answers")
                operation["responses"] = {
                    str(status): _response(HTTPStatus(status), response["content"])
                    for status, response in operation["responses"].items()
                }
                if all(status >= "400" for status in operation["responses"]):
                    operation["responses"]["200"] = {"description": HTTPStatus.OK.phrase}
        return paths, components


def _response(status: HTTPStatus, content: dict[str, Any]) -> dict[str, Any]:
    if status >= HTTPStatus.BAD_REQUEST:
        content = {"application/problem+json": content["application/json"]}
    return {"description": status.phrase, "content": content}


def describe(
    app: Quart,
    *,
    title: str,
    description: str,
    path: str | None = "/openapi.json",
    by_key: bool = False,
) -> QuartSchema:
    """Describe what `app` answers under `/v1`, and serve that at `path` unless it is None.

    `by_key` says that every call needs an API key.
    """
    return QuartSchema(
        app,
        openapi_path=path,
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=Info(title=title, version="1", description=f"{description} {_ERRORS}"),
        security_schemes={"key": HttpSecurityScheme(scheme="bearer")} if by_key else None,
        security=[{"key": []}] if by_key else None,
        openapi_provider_class=_Provider,
    )
