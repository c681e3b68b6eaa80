"""Deleting a batch: here at once, and in every other service that keeps something of it."""

from datetime import timedelta
from uuid import UUID, uuid5

from dishka import FromDishka

from common_core.events.deletion_events import BatchDeletedV1
from common_core.identifiers import BatchId
from common_core.topics import KEEPERS
from huleedu_service_libs.deletion import bar, have_alone
from huleedu_service_libs.transaction import Transaction, Transactions
from services.batch_orchestrator_service.config import Settings
from services.batch_orchestrator_service.store import ended_batches, forget, open_deletion


def cause_of_deletion(batch_id: BatchId) -> UUID:
    """What its events derive their ids from."""
    return uuid5(batch_id, "deleted")


async def delete_batch(tx: Transaction, batch_id: BatchId) -> None:
    """The batch is there, and the transaction has it alone."""
    await bar(tx.session, batch_id)
    await forget(tx.session, batch_id)
    await open_deletion(tx.session, batch_id, KEEPERS)
    tx.emit(BatchDeletedV1(batch_id=batch_id))


async def delete_old_batches(
    transactions: FromDishka[Transactions], settings: FromDishka[Settings]
) -> None:
    """Essays are kept so long and no longer, if there is a limit. Time is PostgreSQL's."""
    if settings.batch_retention_days is None:
        return
    kept = timedelta(days=settings.batch_retention_days)
    async with transactions.sessions() as session:
        found = await ended_batches(session, kept)
    for batch_id, correlation_id in found:
        async with transactions.begin(cause_of_deletion(batch_id), correlation_id) as tx:
            await have_alone(tx.session, batch_id)
            if await ended_batches(tx.session, kept, only=batch_id):
                await delete_batch(tx, batch_id)
