"""The spelling phase through its door: real engine, real database, texts in memory."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from common_core.domain_enums import Language
from common_core.events.spellcheck_events import (
    SpellcheckEngineStartedV1,
    SpellcheckPhaseCompletedV1,
    SpellcheckResultV1,
)
from common_core.identifiers import RunId, TextId
from huleedu_service_libs.errors import TemporaryError
from huleedu_service_libs.handled import Outcome
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts, text_id_of
from services.spellchecker_service.checker import Checker, prepare
from services.spellchecker_service.config import Settings
from services.spellchecker_service.store import CheckRow, EssayCheckRow
from services.spellchecker_service.tests.conftest import RUN, a_request, cancelled

# One loop for all, so that they share a worker process with its index.
pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = "First abbility here, second abbility there, third abbility end."
CORRECTED = "First ability here, second ability there, third ability end."
GONE = TextId("0" * 64)


async def test_a_repeated_misspelling_is_corrected_at_each_of_its_places(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request = a_request(await texts.put(TEXT))
    await harness.deliver(request)

    [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
    [essay] = completed.data.succeeded
    assert await texts.get(essay.text_id) == CORRECTED
    assert (completed.data.failed, completed.data.fingerprint) == ((), request.fingerprint)
    assert essay == request.essays[0].model_copy(update={"text_id": text_id_of(CORRECTED)})

    [result] = await harness.emitted(SpellcheckResultV1)
    assert result.data.corrected_text_id == essay.text_id
    assert result.data.word_count == 9
    assert [TEXT[c.start : c.end] for c in result.data.corrections] == ["abbility"] * 3
    assert {c.suggestions[0] for c in result.data.corrections} == {"ability"}


async def test_essays_of_a_cancelled_run_are_left_alone_and_those_of_others_are_not(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    text_id = await texts.put(TEXT)
    await harness.deliver(cancelled())
    await harness.deliver(a_request(text_id))
    assert await harness.emitted() == []
    other = RunId(uuid.uuid4())
    await harness.deliver(a_request(text_id).model_copy(update={"run_id": other}))
    [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
    assert completed.data.run_id == other


async def test_swedish_is_checked_as_swedish(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    text_id = await texts.put("Det här är ett test.")
    await harness.deliver(a_request(text_id, language=Language.SWEDISH))
    [result] = await harness.emitted(SpellcheckResultV1)
    assert result.data.corrections == ()
    assert result.data.corrected_text_id == text_id


async def test_words_of_the_assignment_are_not_errors(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    text_id = await texts.put("They recieved the wonderfull news.")
    assignment = await texts.put("What is Wonderfull about it?")
    await harness.deliver(a_request(text_id, assignment=assignment))
    [result] = await harness.emitted(SpellcheckResultV1)
    assert [correction.original for correction in result.data.corrections] == ["recieved"]


async def test_words_that_the_teacher_named_and_names_of_the_class_are_not_errors(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    text_id = await texts.put("Jhon had a wonderfull holliday with recieve.")
    names = ("holliday", "jhon")
    await harness.deliver(a_request(text_id, glossary=("Wonderfull",), names=names))
    [result] = await harness.emitted(SpellcheckResultV1)
    originals = [correction.original for correction in result.data.corrections]
    assert originals == ["holliday", "recieve"]


async def test_a_new_engine_checks_anew(
    harness: ServiceHarness, texts: InMemoryTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_id = await texts.put(TEXT)
    await harness.deliver(a_request(text_id))
    checker = await harness.container.get(Checker)
    monkeypatch.setattr(checker, "_engine_version", "another")
    await harness.deliver(a_request(text_id, run_id=RunId(uuid.uuid4())))
    async with harness.session() as session:
        versions = {check.engine_version for check in await session.scalars(select(CheckRow))}
    assert len(versions) == 2


async def test_a_started_engine_says_the_version_that_its_answers_have(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await prepare(await harness.container.get(Checker), harness.transactions)
    await harness.deliver(a_request(await texts.put(TEXT)))
    [started] = await harness.emitted(SpellcheckEngineStartedV1)
    [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
    assert started.data.engine_version == completed.data.engine_version


async def test_the_figures_of_a_check_are_stored_with_it(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    await harness.deliver(a_request(await texts.put(TEXT)))
    async with harness.session() as session:
        check = (await session.scalars(select(CheckRow))).one()
    assert (check.word_count, check.correction_count) == (9, 3)
    assert check.by_kind == {"spelling": 3}
    assert check.density == pytest.approx(100 / 3)
    assert check.duration_seconds > 0
    assert check.engine_version


async def test_the_same_text_is_checked_once(harness: ServiceHarness, texts: InMemoryTexts) -> None:
    text_id = await texts.put(TEXT)
    await harness.deliver(a_request(text_id, file_name="one.txt"))
    async with harness.session() as session:
        check = (await session.scalars(select(CheckRow))).one()
        check.word_count = 4711  # to be told from a second computation

    await harness.deliver(a_request(text_id, run_id=RunId(uuid.uuid4())))
    _, again = await harness.emitted(SpellcheckResultV1)
    assert again.data.word_count == 4711
    assert [c.original for c in again.data.corrections] == ["abbility"] * 3


@pytest.mark.parametrize(
    "changed",
    [{"language": Language.SWEDISH}, {"glossary": ("abbility",)}, {"names": ("abbility",)}],
    ids=lambda changed: next(iter(changed)),
)
async def test_what_changes_the_answer_has_a_check_of_its_own(
    harness: ServiceHarness, texts: InMemoryTexts, changed: dict[str, Any]
) -> None:
    text_id = await texts.put("Ett test med abbility.")
    await harness.deliver(a_request(text_id))
    await harness.deliver(a_request(text_id, run_id=RunId(uuid.uuid4()), **changed))
    async with harness.session() as session:
        assert len((await session.scalars(select(CheckRow))).all()) == 2


async def test_another_assignment_has_a_check_of_its_own(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    text_id = await texts.put("Ett test med abbility.")
    assignment = await texts.put("About an abbility.")
    await harness.deliver(a_request(text_id))
    await harness.deliver(a_request(text_id, run_id=RunId(uuid.uuid4()), assignment=assignment))
    async with harness.session() as session:
        assert len((await session.scalars(select(CheckRow))).all()) == 2


async def test_an_essay_whose_text_is_gone_fails_with_a_sentence(harness: ServiceHarness) -> None:
    await harness.deliver(a_request(GONE))
    [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
    [failure] = completed.data.failed
    assert (failure.code, failure.file_name) == ("text_missing", "essay.txt")
    assert failure.reason.endswith("Upload the file again.")
    assert not completed.data.succeeded
    assert not await harness.emitted(SpellcheckResultV1)
    async with harness.session() as session:
        answer = await session.get_one(EssayCheckRow, (RUN, failure.essay_id))
    assert (answer.check_id, answer.failure_code) == (None, "text_missing")


class TestWithNarrowLimits:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(spell_max_characters=80, spell_max_corrections=2)

    async def test_a_text_that_is_too_long_fails_with_its_length(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await harness.deliver(a_request(await texts.put("long " * 1000)))
        [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
        [failure] = completed.data.failed
        assert failure.code == "text_too_long"
        assert "5,000 characters" in failure.reason

    async def test_a_text_that_is_no_language_fails_instead_of_being_rewritten(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await harness.deliver(a_request(await texts.put(TEXT)))
        [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
        [failure] = completed.data.failed
        assert failure.code == "too_many_corrections"


class TestWithLittleTime:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(spell_timeout_seconds=0.001)

    async def test_a_check_that_takes_too_long_fails_with_a_sentence(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        await harness.deliver(a_request(await texts.put(TEXT)))
        [completed] = await harness.emitted(SpellcheckPhaseCompletedV1)
        [failure] = completed.data.failed
        assert failure.code == "time_limit"


class Unreachable(InMemoryTexts):
    async def get(self, text_id: TextId) -> str:
        raise TemporaryError("content_service does not answer")


class TestWhileTheContentStoreIsDown:
    @pytest.fixture
    def texts(self) -> InMemoryTexts:
        return Unreachable()

    async def test_the_event_is_kept_for_later_and_no_essay_fails(
        self, harness: ServiceHarness, texts: InMemoryTexts
    ) -> None:
        handled = await harness.attempt(harness.message(a_request(GONE)))
        assert handled.outcome is Outcome.RETRY
        assert await harness.emitted() == []


async def test_a_second_delivery_changes_nothing(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    message = harness.message(a_request(await texts.put(TEXT)))
    await harness.deliver(message)
    before = await harness.emitted()
    await harness.redis.flushall()
    assert (await harness.deliver(message)).outcome is Outcome.DUPLICATE
    assert await harness.emitted() == before
