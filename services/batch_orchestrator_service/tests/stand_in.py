"""A conductor whose answers the test chooses: the other service is not here."""

from collections.abc import Callable

from dishka import Provider, Scope

from common_core.http_models import ResolvedPipeline, ResolvePipeline
from services.batch_orchestrator_service.conductor import Conductor
from services.batch_orchestrator_service.domain import Run, question
from services.batch_orchestrator_service.tests.samples import nothing_done

Answer = Callable[[ResolvePipeline], ResolvedPipeline]


class StandInConductor(Conductor):
    def __init__(self) -> None:
        self.asked: list[ResolvePipeline] = []
        self.answer: Answer = nothing_done

    async def resolve(self, run: Run) -> ResolvedPipeline | None:
        if run.over:
            return None
        self.asked.append(question(run))
        return self.answer(self.asked[-1])


class StandInProvider(Provider):
    def __init__(self) -> None:
        super().__init__(scope=Scope.APP)
        self.conductor = StandInConductor()
        self.provide(lambda: self.conductor, provides=Conductor)
