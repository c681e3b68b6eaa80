from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncEngine

from huleedu_service_libs.clock import Clock, SystemClock
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.texts import Texts
from services.cj_assessment_service.assessor import Assessor
from services.cj_assessment_service.computation import Plan
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.judges import Judges
from services.cj_assessment_service.judges.ledger import Ledger
from services.cj_assessment_service.judges.offline import OFFLINE, OfflineJudge


class AssessmentProvider(Provider):
    scope = Scope.APP

    @provide
    def clock(self) -> Clock:
        return SystemClock()

    @provide
    async def judges(
        self, settings: Settings, pool: CpuPool, engine: AsyncEngine, texts: Texts, clock: Clock
    ) -> AsyncIterator[Judges]:
        judges = Judges({OFFLINE: OfflineJudge(pool, settings.cj_timeout_seconds)})
        if settings.cj_model_base_url is None:
            yield judges
            return
        # The client library takes a second and 45 MB, which a school without a model need not pay.
        from services.cj_assessment_service.judges.endpoint import Endpoint  # noqa: PLC0415
        from services.cj_assessment_service.judges.model import ModelJudge  # noqa: PLC0415

        endpoint = Endpoint(settings, clock)
        ledger = Ledger(engine)
        judges[settings.cj_model_judge] = ModelJudge(settings, endpoint, ledger, texts, clock)
        yield judges
        await endpoint.close()

    @provide
    def assessor(
        self, settings: Settings, engine: AsyncEngine, texts: Texts, pool: CpuPool, judges: Judges
    ) -> Assessor:
        plan = Plan(
            rounds_per_wave=settings.cj_rounds_per_wave,
            comparisons_per_essay=settings.cj_comparisons_per_essay,
            target_reliability=settings.cj_target_reliability,
            people_share=settings.cj_people_share,
        )
        return Assessor(engine, texts, pool, judges, plan, settings.cj_timeout_seconds)
