from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide
from redis.asyncio import Redis

from huleedu_service_libs.http import ServiceClient
from huleedu_service_libs.texts import Texts
from services.api_gateway_service.access import Ownership
from services.api_gateway_service.config import Settings
from services.api_gateway_service.desk import Desk
from services.api_gateway_service.domain.keys import ApiKeys
from services.api_gateway_service.services import Comparisons, Orchestrator, ReadModel, Uploads
from services.api_gateway_service.store import Replies
from services.api_gateway_service.texts import TextShelf


class GatewayProvider(Provider):
    scope = Scope.APP

    @provide
    def keys(self, settings: Settings) -> ApiKeys:
        return ApiKeys.parse(settings.api_keys.get_secret_value())

    @provide
    async def orchestrator(self, settings: Settings) -> AsyncIterator[Orchestrator]:
        client = ServiceClient(settings.bos_url)
        yield Orchestrator(client)
        await client.close()

    @provide
    async def uploads(self, settings: Settings) -> AsyncIterator[Uploads]:
        client = ServiceClient(settings.content_url, timeout_seconds=120)
        yield Uploads(client)
        await client.close()

    @provide
    async def read_model(self, settings: Settings) -> AsyncIterator[ReadModel]:
        client = ServiceClient(settings.ras_url, timeout_seconds=settings.heartbeat_seconds + 10)
        yield ReadModel(client)
        await client.close()

    @provide
    async def comparisons(self, settings: Settings) -> AsyncIterator[Comparisons]:
        client = ServiceClient(settings.cj_url)
        yield Comparisons(client)
        await client.close()

    @provide
    def replies(self, redis: Redis) -> Replies:
        return Replies(redis)

    @provide
    def desk(
        self,
        orchestrator: Orchestrator,
        uploads: Uploads,
        read_model: ReadModel,
        comparisons: Comparisons,
        texts: Texts,
    ) -> Desk:
        return Desk(
            orchestrator,
            uploads,
            read_model,
            comparisons,
            texts,
            TextShelf(texts),
            Ownership(orchestrator),
        )
