from typing import cast

from quart import Blueprint, Quart
from quart.blueprints import BlueprintSetupState

from huleedu_service_libs.openapi import describe
from huleedu_service_libs.service import Service
from services.api_gateway_service.api.batches import api
from services.api_gateway_service.api.compare import compare
from services.api_gateway_service.api.control import control
from services.api_gateway_service.api.front_door import guard
from services.api_gateway_service.api.pages import pages
from services.api_gateway_service.api.pairs import pairs
from services.api_gateway_service.config import Settings
from services.api_gateway_service.di import GatewayProvider

api.register_blueprint(control)
api.register_blueprint(pairs)
pages.register_blueprint(compare)


def gateway(settings: Settings) -> Service:
    front_door = Blueprint("front_door", __name__)

    @front_door.record
    def open_front_door(state: BlueprintSetupState) -> None:
        app = cast("Quart", state.app)
        guard(app, settings)
        describe(
            app,
            title="HuleEdu",
            description="Spelling, comparative judgement and grades for a class set of essays.",
            by_key=True,
        )

    return Service(settings, blueprints=[front_door, api, pages], providers=[GatewayProvider()])


service = gateway(Settings())
