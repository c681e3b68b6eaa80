from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide
from redis.asyncio import Redis

from huleedu_service_libs.http import ServiceClient
from huleedu_service_libs.texts import Texts
from services.api_gateway_service.access import Ownership
from services.api_gateway_service.config import Settings
from services.api_gateway_service.desk import Desk
from services.api_gateway_service.domain.keys import ApiKeys
from services.api_gateway_service.services import (
    Comparisons,
    Conditions,
    Orchestrator,
    ReadModel,
    Uploads,
)
from services.api_gateway_service.store import Replies
from services.api_gateway_service.texts import TextShelf

_CONDITION_SECONDS = 2.0
"""A service that takes longer to say how it does is in trouble."""


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
    async def conditions(self, settings: Settings) -> AsyncIterator[Conditions]:
        urls = {
            "batch_orchestrator_service": settings.bos_url,
            "batch_conductor_service": settings.bcs_url,
            "content_service": settings.content_url,
            "essay_lifecycle_service": settings.els_url,
            "spellchecker_service": settings.spell_url,
            "cj_assessment_service": settings.cj_url,
            "result_aggregator_service": settings.ras_url,
        }
        clients = {
            name: ServiceClient(url, timeout_seconds=_CONDITION_SECONDS)
            for name, url in urls.items()
        }
        yield Conditions(clients)
        for client in clients.values():
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
        conditions: Conditions,
        texts: Texts,
        replies: Replies,
    ) -> Desk:
        return Desk(
            orchestrator,
            uploads,
            read_model,
            comparisons,
            conditions,
            texts,
            TextShelf(texts),
            Ownership(orchestrator),
            replies,
        )
