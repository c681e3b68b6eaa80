"""A check is one for all batches with the same text, and goes with the last of them."""

import uuid

import pytest
from sqlalchemy import func, select

from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.spellcheck_events import SpellcheckResultV1
from common_core.identifiers import BatchId, RunId
from huleedu_service_libs.testing.harness import ServiceHarness
from huleedu_service_libs.texts import InMemoryTexts
from services.spellchecker_service.store import CheckRow
from services.spellchecker_service.tests.conftest import BATCH, a_request

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = BatchId(uuid.uuid4())
TEXT = "They recieved it."


async def checks(harness: ServiceHarness) -> int:
    async with harness.session() as session:
        return await session.scalar(select(func.count()).select_from(CheckRow)) or 0


async def test_what_another_batch_has_too_stays_and_its_corrected_text_is_kept_for_it(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    request = a_request(await texts.put(TEXT))
    again = a_request(await texts.put(TEXT), run_id=RunId(uuid.uuid4()))
    await harness.deliver(request)
    await harness.deliver(again.model_copy(update={"batch_id": OTHER}))
    [result, _] = await harness.emitted(SpellcheckResultV1)
    corrected = result.data.corrected_text_id
    assert {(corrected, BATCH), (corrected, OTHER)} <= texts.kept_for

    await harness.deliver(BatchDeletedV1(batch_id=BATCH))
    assert await checks(harness) == 1
    await harness.deliver(BatchDeletedV1(batch_id=OTHER))
    assert await checks(harness) == 0


async def test_a_check_whose_corrected_text_has_gone_is_made_anew(
    harness: ServiceHarness, texts: InMemoryTexts
) -> None:
    text_id = await texts.put(TEXT)
    await harness.deliver(a_request(text_id))
    [first] = await harness.emitted(SpellcheckResultV1)
    texts.lose(first.data.corrected_text_id)

    await harness.deliver(a_request(text_id, run_id=RunId(uuid.uuid4())))
    assert await texts.get(first.data.corrected_text_id) == "They received it."
