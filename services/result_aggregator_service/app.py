from pathlib import Path

from huleedu_service_libs.service import Service
from services.result_aggregator_service.api import api
from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.handlers import router

service = Service(
    Settings(),
    router=router,
    blueprints=[api],
    migrations=Path(__file__).parent / "migrations",
)
