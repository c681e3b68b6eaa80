from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid5

import pytest
import pytest_asyncio
from dishka import Provider, Scope

from common_core.domain_enums import Language, RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.spellcheck_events import EssaySpellcheckRequestedV1
from common_core.identifiers import BatchId, EssayId, RunId, TextId
from common_core.models import BatchProfile, EssayText
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, Texts
from services.spellchecker_service import app
from services.spellchecker_service.config import Settings
from services.spellchecker_service.di import SpellcheckerProvider
from services.spellchecker_service.handlers import router

MIGRATIONS = Path(app.__file__).parent / "migrations"
NAMES = UUID("5d0c9f0a-3c4f-4f0e-9d55-0c8a1f7be001")
BATCH, RUN = BatchId(uuid5(NAMES, "batch")), RunId(uuid5(NAMES, "run"))


@pytest.fixture
def texts() -> InMemoryTexts:
    return InMemoryTexts()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest_asyncio.fixture(loop_scope="session")
async def harness(
    settings: Settings, texts: InMemoryTexts, postgres_url: str
) -> AsyncIterator[ServiceHarness]:
    outside = Provider(scope=Scope.APP)
    outside.provide(lambda: texts, provides=Texts)
    async with ServiceHarness(
        settings,
        router,
        providers=[SpellcheckerProvider(), outside],
        migrations=MIGRATIONS,
        postgres_url=postgres_url,
    ) as harness:
        yield harness


def a_request(
    text_id: TextId,
    *,
    file_name: str = "essay.txt",
    language: Language = Language.ENGLISH,
    assignment: TextId | None = None,
    glossary: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    run_id: RunId = RUN,
) -> EssaySpellcheckRequestedV1:
    """A request to check one text."""
    essay_id = EssayId(uuid5(run_id, file_name))
    return EssaySpellcheckRequestedV1(
        batch_id=BATCH,
        run_id=run_id,
        essays=(EssayText(essay_id=essay_id, file_name=file_name, text_id=text_id),),
        profile=BatchProfile(
            language=language,
            assignment_text_id=assignment,
            glossary=glossary,
            names=names,
            judge="offline",
        ),
        fingerprint=f"{text_id}-{language}",
    )


def cancelled() -> BatchRunControlledV1:
    return BatchRunControlledV1(
        batch_id=BatchId(uuid5(NAMES, "batch")),
        run_id=RUN,
        sequence=1,
        control=RunControl.CANCEL,
        extra_comparisons=0,
        deadline_seconds=None,
    )
