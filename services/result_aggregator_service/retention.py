"""What the read model forgets: how batches looked once. Their facts are kept."""

from datetime import timedelta

from dishka import FromDishka
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.result_aggregator_service.config import Settings
from services.result_aggregator_service.store import forget_steps

_AT_ONCE = 1_000


async def forget_old_steps(
    sessions: FromDishka[async_sessionmaker[AsyncSession]], settings: FromDishka[Settings]
) -> None:
    """Each portion in a transaction of its own; whoever follows a batch goes on after the gap."""
    kept = timedelta(seconds=settings.step_retention_seconds)
    forgotten = _AT_ONCE
    while forgotten == _AT_ONCE:
        async with sessions.begin() as session:
            forgotten = await forget_steps(session, kept, limit=_AT_ONCE)
