"""What the content service answers and owns; it hears no events."""

from pathlib import Path

from huleedu_service_libs.service import Service
from services.content_service.api import api
from services.content_service.config import Settings
from services.content_service.di import ContentProvider

service = Service(
    Settings(),
    blueprints=[api],
    providers=[ContentProvider()],
    migrations=Path(__file__).parent / "migrations",
)
