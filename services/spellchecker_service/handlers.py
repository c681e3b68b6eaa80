"""The spelling phase: an essay comes in, its corrections go out, unless its run is cancelled."""

from dishka import FromDishka

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.events.deletion_events import BatchDeletedV1
from common_core.events.envelope import EventEnvelope
from common_core.events.spellcheck_events import (
    EssaySpellcheckRequestedV1,
    SpellcheckPhaseCompletedV1,
    SpellcheckResultV1,
)
from common_core.models import EssayFailure, EssayText
from huleedu_service_libs.deletion import forgetting
from huleedu_service_libs.routing import Router, Work
from huleedu_service_libs.transaction import Transaction, Transactions
from services.spellchecker_service import store
from services.spellchecker_service.checker import CannotCheck, Checker
from services.spellchecker_service.results import Check

router = Router()
router.work(BatchDeletedV1)(forgetting(store.forget))


@router.work(EssaySpellcheckRequestedV1)
async def spellcheck(
    event: EventEnvelope[EssaySpellcheckRequestedV1],
    work: Work,
    checker: FromDishka[Checker],
    transactions: FromDishka[Transactions],
) -> None:
    """Correct an essay; whatever comes of it, its batch is told."""
    request = event.data
    (essay,) = request.essays
    async with transactions.sessions() as session:
        recalled = await store.is_recalled(session, request.run_id)
    if recalled:
        async with work.transaction():
            return
    try:
        check = await checker.check(essay.text_id, request.profile, request.batch_id)
    except CannotCheck as refusal:
        failure = EssayFailure(
            essay_id=essay.essay_id,
            file_name=essay.file_name,
            code=refusal.code,
            reason=refusal.reason,
        )
        async with work.transaction() as tx:
            await store.record_answer(tx.session, request, essay, failure)
            tx.emit(_completed(request, failed=(failure,)))
        return
    corrected = essay.model_copy(update={"text_id": check.corrected_text_id})
    async with work.transaction() as tx:
        check_id = await store.keep_check(tx.session, check)
        await store.record_answer(tx.session, request, essay, check_id)
        tx.emit(_completed(request, succeeded=(corrected,), version=check.key.engine_version))
        tx.emit(_result(request, essay, check))


@router.on(BatchRunControlledV1)
async def recall(event: EventEnvelope[BatchRunControlledV1], tx: Transaction) -> None:
    """Nobody waits for the essays of a cancelled run: those not begun yet are left alone."""
    if event.data.control is RunControl.CANCEL:
        await store.recall(tx.session, event.data.batch_id, event.data.run_id)


def _completed(
    request: EssaySpellcheckRequestedV1,
    *,
    succeeded: tuple[EssayText, ...] = (),
    failed: tuple[EssayFailure, ...] = (),
    version: str | None = None,
) -> SpellcheckPhaseCompletedV1:
    return SpellcheckPhaseCompletedV1(
        batch_id=request.batch_id,
        run_id=request.run_id,
        fingerprint=request.fingerprint,
        succeeded=succeeded,
        failed=failed,
        engine_version=version,
    )


def _result(
    request: EssaySpellcheckRequestedV1, essay: EssayText, check: Check
) -> SpellcheckResultV1:
    return SpellcheckResultV1(
        batch_id=request.batch_id,
        run_id=request.run_id,
        essay_id=essay.essay_id,
        text_id=essay.text_id,
        corrected_text_id=check.corrected_text_id,
        language=check.key.language,
        word_count=check.word_count,
        corrections=check.corrections,
        engine_version=check.key.engine_version,
    )
