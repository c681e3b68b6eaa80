"""What the host gives to every service; a service's own provider adds only what is its own."""

from collections.abc import AsyncIterator

from dishka import AsyncContainer, Provider, Scope, from_context, make_async_container, provide
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from huleedu_service_libs.config import ServiceSettings
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.database import create_engine
from huleedu_service_libs.http import ServiceClient
from huleedu_service_libs.redis_client import connection_pool
from huleedu_service_libs.texts import HttpTexts, Texts
from huleedu_service_libs.transaction import Transactions


class PlatformProvider(Provider):
    """Made when first asked for, closed with the container."""

    scope = Scope.APP
    settings = from_context(provides=ServiceSettings)

    @provide
    async def engine(self, settings: ServiceSettings) -> AsyncIterator[AsyncEngine]:
        engine = create_engine(settings.database_url.get_secret_value(), settings.service_name)
        yield engine
        await engine.dispose()

    @provide
    def sessions(self, transactions: Transactions) -> async_sessionmaker[AsyncSession]:
        return transactions.sessions

    @provide
    def transactions(self, engine: AsyncEngine, settings: ServiceSettings) -> Transactions:
        return Transactions(engine, settings.service_name)

    @provide
    async def redis(self, settings: ServiceSettings) -> AsyncIterator[Redis]:
        redis = Redis.from_pool(connection_pool(settings.redis_url.get_secret_value()))
        yield redis
        await redis.aclose()

    @provide
    def cpu(self, settings: ServiceSettings) -> CpuPool:
        return CpuPool(settings.cpu_workers)

    @provide
    async def texts(self, settings: ServiceSettings) -> AsyncIterator[Texts]:
        client = ServiceClient(settings.content_url, timeout_seconds=30)
        yield HttpTexts(client)
        await client.close()


def make_container(settings: ServiceSettings, *providers: Provider) -> AsyncContainer:
    """The container of one service. Later providers replace what earlier ones provide."""
    own = Provider(scope=Scope.APP)
    own.provide(lambda: settings, provides=type(settings))
    return make_async_container(
        PlatformProvider(), own, *providers, context={ServiceSettings: settings}
    )
