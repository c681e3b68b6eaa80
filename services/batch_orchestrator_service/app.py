from pathlib import Path

from huleedu_service_libs.jobs import every
from huleedu_service_libs.service import Service
from services.batch_orchestrator_service.additions_api import additions_api
from services.batch_orchestrator_service.api import api
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.control_api import control_api
from services.batch_orchestrator_service.deadlines import give_up_overdue_batches
from services.batch_orchestrator_service.deletion import delete_old_batches
from services.batch_orchestrator_service.deletion_api import deletion_api
from services.batch_orchestrator_service.di import OrchestratorProvider
from services.batch_orchestrator_service.handlers import router

service = Service(
    Settings(),
    router=router,
    blueprints=[api, control_api, additions_api, deletion_api],
    providers=[OrchestratorProvider()],
    migrations=Path(__file__).parent / "migrations",
    jobs=[
        every(seconds=1.0, run=give_up_overdue_batches),
        every(seconds=60.0, run=delete_old_batches),
    ],
)
