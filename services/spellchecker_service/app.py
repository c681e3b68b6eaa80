"""What the spelling service hears, owns and answers."""

from pathlib import Path

from huleedu_service_libs.service import Service
from services.spellchecker_service.checker import prepare
from services.spellchecker_service.config import Settings
from services.spellchecker_service.di import SpellcheckerProvider
from services.spellchecker_service.handlers import router

service = Service(
    Settings(),
    router=router,
    providers=[SpellcheckerProvider()],
    migrations=Path(__file__).parent / "migrations",
    prepare=prepare,
)
