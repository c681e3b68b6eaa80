from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from huleedu_service_libs.http import ServiceClient
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.config import Settings


class OrchestratorProvider(Provider):
    scope = Scope.APP

    @provide
    async def conductor(self, settings: Settings) -> AsyncIterator[Conductor]:
        client = ServiceClient(settings.bcs_url)
        yield Conductor(client)
        await client.close()
