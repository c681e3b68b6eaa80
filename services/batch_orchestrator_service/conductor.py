from common_core.http_models import ResolvedPipeline
from huleedu_service_libs.http import ServiceClient
from services.batch_orchestrator_service.domain import Run, question


class Conductor:
    """The batch conductor: it knows what has been done already."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def resolve(self, run: Run) -> ResolvedPipeline | None:
        """What is left to do; None for a run that is over. Raises as ServiceClient does."""
        if run.over:
            return None
        return await self._client.post("/v1/pipelines/resolve", question(run), ResolvedPipeline)
