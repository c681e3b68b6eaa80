"""What the content service answers, owns and hears."""

from pathlib import Path

from huleedu_service_libs.service import Service
from services.content_service.api import api
from services.content_service.config import Settings
from services.content_service.di import ContentProvider
from services.content_service.handlers import router

service = Service(
    Settings(),
    router=router,
    blueprints=[api],
    providers=[ContentProvider()],
    migrations=Path(__file__).parent / "migrations",
)
