"""What the comparison service hears, owns and answers."""

from pathlib import Path

from huleedu_service_libs.service import Service
from services.cj_assessment_service.api import api
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.di import AssessmentProvider
from services.cj_assessment_service.handlers import router

service = Service(
    Settings(),
    router=router,
    blueprints=[api],
    providers=[AssessmentProvider()],
    migrations=Path(__file__).parent / "migrations",
)
