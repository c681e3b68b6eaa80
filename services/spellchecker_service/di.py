from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.texts import Texts
from services.spellchecker_service.checker import Checker, Limits
from services.spellchecker_service.config import Settings


class SpellcheckerProvider(Provider):
    scope = Scope.APP

    @provide
    def checker(
        self, settings: Settings, engine: AsyncEngine, texts: Texts, pool: CpuPool
    ) -> Checker:
        limits = Limits(
            characters=settings.spell_max_characters,
            corrections=settings.spell_max_corrections,
            seconds=settings.spell_timeout_seconds,
        )
        return Checker(engine, texts, pool, limits)
