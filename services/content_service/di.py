from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.transaction import Transactions
from services.content_service.config import Settings
from services.content_service.domain import Limits
from services.content_service.intake import Intake
from services.content_service.reading import Reader


class ContentProvider(Provider):
    scope = Scope.APP

    @provide
    def reader(self, settings: Settings, pool: CpuPool) -> Reader:
        return Reader(
            pool,
            Limits(settings.content_max_file_bytes, settings.content_max_text_characters),
            seconds=settings.content_extraction_seconds,
            memory_bytes=settings.content_extraction_memory_bytes,
        )

    @provide
    def intake(
        self,
        transactions: Transactions,
        sessions: async_sessionmaker[AsyncSession],
        reader: Reader,
    ) -> Intake:
        return Intake(transactions, sessions, reader)
