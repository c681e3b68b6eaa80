from pathlib import Path

from huleedu_service_libs.jobs import every
from huleedu_service_libs.service import Service
from services.result_aggregator_service.api import api
from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.handlers import router
from services.result_aggregator_service.retention import forget_old_steps

settings = Settings()
service = Service(
    settings,
    router=router,
    blueprints=[api],
    migrations=Path(__file__).parent / "migrations",
    jobs=[every(settings.step_prune_seconds, forget_old_steps)],
)
