"""A phase's result is filed once, whatever happens around it."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.phase_events import PhaseCompleted
from common_core.events.spellcheck_events import SpellcheckEngineStartedV1
from huleedu_service_libs.testing.harness import ServiceHarness
from libs.huleedu_service_libs.tests.idempotency_test_utils import (
    EventCase,
    IdempotencySuite,
    deletion_case,
)
from services.batch_conductor_service.config import Settings
from services.batch_conductor_service.handlers import router
from services.batch_conductor_service.store import PhaseEngineRow, PhaseResultRow
from services.batch_conductor_service.tests.conftest import MIGRATIONS
from services.batch_conductor_service.tests.samples import (
    BATCH,
    COMPARISON,
    SPELLCHECK,
    compared,
    spellchecked,
)


async def results_on_file(session: AsyncSession, completed: PhaseCompleted) -> int:
    query = select(func.count()).where(PhaseResultRow.fingerprint == completed.fingerprint)
    return await session.scalar(query) or 0


async def engines_on_file(session: AsyncSession, started: SpellcheckEngineStartedV1) -> int:
    query = select(func.count()).where(PhaseEngineRow.engine_version == started.engine_version)
    return await session.scalar(query) or 0


async def two_results(harness: ServiceHarness, _data: object) -> None:
    await harness.deliver(spellchecked("anna"))
    await harness.deliver(compared("anna", "bo"))


class TestConductorIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    migrations = MIGRATIONS
    cases = (
        EventCase(SPELLCHECK.completed, lambda: spellchecked("anna"), results_on_file),
        EventCase(COMPARISON.completed, lambda: compared("anna", "bo"), results_on_file),
        EventCase(
            SpellcheckEngineStartedV1,
            lambda: SpellcheckEngineStartedV1(engine_version="1"),
            engines_on_file,
        ),
        deletion_case(BATCH, two_results),
    )
