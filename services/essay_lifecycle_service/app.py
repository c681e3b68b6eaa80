from pathlib import Path

from huleedu_service_libs.jobs import every
from huleedu_service_libs.service import Service
from services.essay_lifecycle_service.config import Settings
from services.essay_lifecycle_service.deadlines import close_overdue_batches, close_overdue_phases
from services.essay_lifecycle_service.handlers import router

service = Service(
    Settings(),
    router=router,
    migrations=Path(__file__).parent / "migrations",
    jobs=[
        every(seconds=1.0, run=close_overdue_batches),
        every(seconds=1.0, run=close_overdue_phases),
    ],
)
