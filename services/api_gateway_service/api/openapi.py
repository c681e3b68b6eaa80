"""The description of the API at `/openapi.json`, made from the code."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from quart import Quart
from quart_schema import Info, QuartSchema, document_response
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider
from werkzeug.routing import BaseConverter, Rule, UUIDConverter

from services.api_gateway_service.domain.bodies import ProblemBody

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


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

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        parameter: dict[str, Any] = super().build_path_parameter(name, converter)
        if isinstance(converter, UUIDConverter):
            parameter["schema"]["format"] = "uuid"
        return parameter

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        for path in paths.values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if status >= HTTPStatus.BAD_REQUEST:
                        _say_problem(HTTPStatus(status), response)
                    else:
                        response["description"] = HTTPStatus(status).phrase
                operation["responses"] = {
                    str(status): response for status, response in operation["responses"].items()
                } or {"200": {"description": HTTPStatus.OK.phrase}}
        return paths, components


def _say_problem(status: HTTPStatus, response: dict[str, Any]) -> None:
    response["description"] = status.phrase
    response["content"] = {"application/problem+json": response["content"]["application/json"]}


def describe(app: Quart) -> None:
    """Serve the description of what `app` answers under `/v1`."""
    QuartSchema(
        app,
        openapi_path="/openapi.json",
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=Info(
            title="HuleEdu",
            version="1",
            description="Spelling, comparative judgement and grades for a class set of essays. "
            "Errors are `application/problem+json` with a stable `code` and a correlation id.",
        ),
        security_schemes={"key": HttpSecurityScheme(scheme="bearer")},
        security=[{"key": []}],
        openapi_provider_class=_Provider,
    )
