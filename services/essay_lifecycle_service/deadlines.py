"""What happens when somebody does not answer. Time is PostgreSQL's."""

from dishka import FromDishka

from common_core.phases import phase_named
from huleedu_service_libs.transaction import Transactions
from services.essay_lifecycle_service import effects
from services.essay_lifecycle_service.domain.phase_run import cause_of_expiry, expired
from services.essay_lifecycle_service.store.intake import lock_overdue_batch, overdue_batches
from services.essay_lifecycle_service.store.phase_runs import (
    essays_in,
    lock_overdue_phase_run,
    overdue_phase_runs,
)


async def close_overdue_batches(transactions: FromDishka[Transactions]) -> None:
    """A batch goes on with what was uploaded before its deadline."""
    async with transactions.sessions() as session:
        overdue = await overdue_batches(session)
    for batch_id, correlation_id in overdue:
        async with transactions.begin(batch_id, correlation_id) as tx:
            batch = await lock_overdue_batch(tx.session, batch_id)
            if batch is not None and batch.essay_ids is not None:
                await effects.say_ready(tx, batch_id, batch.essay_ids, batch.intake)


async def close_overdue_phases(transactions: FromDishka[Transactions]) -> None:
    """A phase goes on without the essays that nobody answered for."""
    async with transactions.sessions() as session:
        overdue = await overdue_phase_runs(session)
    for found in overdue:
        cause = cause_of_expiry(found.run_id, found.phase)
        async with transactions.begin(cause, found.correlation_id) as tx:
            run = await lock_overdue_phase_run(tx.session, found.run_id, found.phase)
            if run is not None:
                essays = await essays_in(tx.session, run)
                await effects.move_essays(tx, run, expired(essays, phase_named(run.phase)))
