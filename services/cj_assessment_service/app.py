"""What the comparison service hears, owns and answers."""

from pathlib import Path

from huleedu_service_libs.jobs import every
from huleedu_service_libs.service import Service
from services.cj_assessment_service.api import api
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.di import AssessmentProvider
from services.cj_assessment_service.handlers import router
from services.cj_assessment_service.silence import go_on_without_people

service = Service(
    Settings(),
    router=router,
    blueprints=[api],
    providers=[AssessmentProvider()],
    jobs=[every(seconds=60.0, run=go_on_without_people)],
    migrations=Path(__file__).parent / "migrations",
)
