from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
import pytest_asyncio
from dishka import Provider, Scope

from common_core.domain_enums import Language, RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.cj_events import (
    AssessmentResultV1,
    CjAssessmentRequestedV1,
    CjWaveRequestedV1,
)
from common_core.events.envelope import EventEnvelope
from common_core.identifiers import BatchId, EssayId, RunId
from common_core.models import Anchor, BatchProfile, EssayText
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, Texts, text_id_of
from services.cj_assessment_service import app
from services.cj_assessment_service.config import Settings
from services.cj_assessment_service.di import AssessmentProvider
from services.cj_assessment_service.handlers import router

MIGRATIONS = Path(app.__file__).parent / "migrations"
NAMES = UUID("5d0c9f0a-3c4f-4f0e-9d55-0c8a1f7be002")
RUN = RunId(uuid5(NAMES, "run"))

Request = Callable[..., CjAssessmentRequestedV1]

_SENTENCES = (
    "The school day should begin later, because tired pupils learn little before nine o'clock.",
    "However, the buses that bring us there were planned for another timetable altogether.",
    "i think it is good and good.",
    "Although some parents worry about the afternoons, sleep matters more than convenience.",
    "We go to school and then we go home.",
    "Research on adolescents suggests that their rhythm shifts; they fall asleep late.",
    "It was very very fun.",
    "Consequently, a careful trial in one municipality would tell us more than opinions do.",
)


def essay(number: int) -> str:
    """Texts of clearly different length and wealth of words, each its own."""
    chosen = [_SENTENCES[(number * 3 + step) % len(_SENTENCES)] for step in range(2 + number % 7)]
    return f"Essay number {number}. {' '.join(chosen)}"


@pytest.fixture
def texts() -> InMemoryTexts:
    return InMemoryTexts()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def outside(texts: InMemoryTexts) -> Provider:
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: texts, provides=Texts)
    return provider


@pytest_asyncio.fixture(loop_scope="session")
async def harness(
    settings: Settings, outside: Provider, postgres_url: str
) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(
        settings,
        router,
        providers=[AssessmentProvider(), outside],
        migrations=MIGRATIONS,
        postgres_url=postgres_url,
    ) as harness:
        yield harness


def request_for(
    essays: Sequence[str],
    *,
    run_id: RunId = RUN,
    judge: str = "offline",
    scale: tuple[str, ...] = (),
    anchors: dict[int, str] | None = None,
    batch_id: BatchId | None = None,
    **profile: Any,
) -> CjAssessmentRequestedV1:
    """A request to rank these texts; two runs differ in their ids only."""
    listed = tuple(
        EssayText(
            essay_id=EssayId(uuid5(run_id, str(number))),
            file_name=f"essay_{number:02}.txt",
            text_id=text_id_of(text),
        )
        for number, text in enumerate(essays)
    )
    known = tuple(
        Anchor(essay_id=listed[number].essay_id, grade=grade)
        for number, grade in (anchors or {}).items()
    )
    return CjAssessmentRequestedV1(
        batch_id=batch_id or BatchId(uuid5(run_id, "batch")),
        run_id=run_id,
        essays=listed,
        profile=BatchProfile(
            language=Language.ENGLISH,
            judge=judge,
            grade_scale=scale,
            anchors=known,
            **profile,
        ),
        fingerprint="fingerprint",
    )


async def take(
    harness: ServiceHarness, texts: InMemoryTexts, essays: Sequence[str], **kwargs: object
) -> CjAssessmentRequestedV1:
    """Store the texts, deliver the request for them, and the waves until there are no more."""
    for text in essays:
        await texts.put(text)
    request = request_for(essays, **kwargs)  # type: ignore[arg-type]  # handed through
    await harness.deliver(request)
    await drive(harness)
    return request


class Driver:
    """Delivers every wave that was asked for, as Kafka would, each once."""

    def __init__(self, harness: ServiceHarness) -> None:
        self._harness = harness
        self._delivered: set[UUID] = set()

    async def drive(self) -> int:
        """How many there were to deliver since the last time, and by what came of them."""
        before = len(self._delivered)
        while new := await self._waiting():
            for wave in new:
                await self._harness.deliver(wave)
                self._delivered.add(wave.event_id)
        return len(self._delivered) - before

    async def _waiting(self) -> list[EventEnvelope[CjWaveRequestedV1]]:
        waves = await self._harness.emitted(CjWaveRequestedV1)
        return [wave for wave in waves if wave.event_id not in self._delivered]


async def drive(harness: ServiceHarness) -> int:
    """Deliver every wave that was asked for; the number of them."""
    return await Driver(harness).drive()


def control(
    wanted: RunControl, sequence: int = 1, *, run_id: RunId = RUN, extra: int = 0
) -> BatchRunControlledV1:
    return BatchRunControlledV1(
        batch_id=BatchId(uuid5(run_id, "batch")),
        run_id=run_id,
        sequence=sequence,
        control=wanted,
        extra_comparisons=extra,
        deadline_seconds=None,
    )


async def result_of(harness: ServiceHarness) -> AssessmentResultV1:
    [result] = await harness.emitted(AssessmentResultV1)
    return result.data
