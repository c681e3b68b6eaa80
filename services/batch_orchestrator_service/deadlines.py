"""The backstop: a batch whose awaited event never comes ends too, and says what is missing."""

from dishka import FromDishka

from common_core.domain_enums import BatchStatus
from huleedu_service_libs.transaction import Transactions
from services.batch_orchestrator_service import effects
from services.batch_orchestrator_service.domain import (
    NEVER_READY_MESSAGE,
    abandon,
    cause_of_abandonment,
    first_run_id,
    new_run,
)
from services.batch_orchestrator_service.store import lock_overdue_batch, overdue_batches


async def give_up_overdue_batches(transactions: FromDishka[Transactions]) -> None:
    async with transactions.sessions() as session:
        overdue = await overdue_batches(session)
    for found in overdue:
        batch_id = found.request.batch_id
        cause = cause_of_abandonment(batch_id, found.run)
        async with transactions.begin(cause, found.correlation_id) as tx:
            batch = await lock_overdue_batch(tx.session, batch_id)
            if batch is None:
                continue
            if batch.run is not None:
                run, message = abandon(batch.run)
            else:
                run = new_run(batch.request, first_run_id(batch_id), (), ())
                message = NEVER_READY_MESSAGE
            await effects.end(tx, run, BatchStatus.FAILED, message)
