"""A request to check an essay takes effect once, whatever crashes and whoever delivers it again."""

from dishka import Provider, Scope
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.spellcheck_events import EssaySpellcheckRequestedV1
from huleedu_service_libs.cpu import CpuPool
from huleedu_service_libs.testing.cpu import ThreadCpu
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.testing.idempotency_suite import (
    EventCase,
    IdempotencySuite,
    deletion_case,
)
from huleedu_service_libs.texts import InMemoryTexts, Texts, text_id_of
from services.spellchecker_service.config import Settings
from services.spellchecker_service.di import SpellcheckerProvider
from services.spellchecker_service.handlers import router
from services.spellchecker_service.store import EssayCheckRow, RecalledRow
from services.spellchecker_service.tests.conftest import BATCH, MIGRATIONS, a_request, cancelled

TEXT = "Ett test med en misstagg."

stored = InMemoryTexts()
outside = Provider(scope=Scope.APP)
outside.provide(lambda: stored, provides=Texts)
outside.provide(ThreadCpu, provides=CpuPool)


async def answers(session: AsyncSession, request: EssaySpellcheckRequestedV1) -> int:
    query = select(func.count(EssayCheckRow.check_id)).filter_by(run_id=request.run_id)
    return await session.scalar(query) or 0


async def stored_text(_harness: ServiceHarness, _request: EssaySpellcheckRequestedV1) -> None:
    await stored.put(TEXT)


async def checked_essay(harness: ServiceHarness, _event: object) -> None:
    await harness.deliver(a_request(await stored.put(TEXT)))


async def recalled(session: AsyncSession, said: BatchRunControlledV1) -> int:
    query = select(func.count()).select_from(RecalledRow).filter_by(run_id=said.run_id)
    return await session.scalar(query) or 0


class TestSpellIdempotency(IdempotencySuite):
    settings = Settings()
    router = router
    providers = (SpellcheckerProvider(), outside)
    migrations = MIGRATIONS
    cases = (
        EventCase(
            EssaySpellcheckRequestedV1,
            build=lambda: a_request(text_id_of(TEXT)),
            effect=answers,
            given=stored_text,
        ),
        deletion_case(BATCH, checked_essay),
        EventCase(BatchRunControlledV1, build=cancelled, effect=recalled),
    )
