"""How a service does, for whoever wonders what a batch is waiting for."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common_core.http_models import DeadLetterNote, ServiceCondition
from huleedu_service_libs.handled import ConsumerState

_SHOWN = 10
_OUTBOX = text(
    "SELECT count(*) AS unsent,"
    " coalesce(extract(epoch FROM now() - min(created_at)), 0) AS seconds,"
    " count(*) FILTER (WHERE position(CAST(:batch AS bytea) IN payload) > 0) AS of_batch"
    " FROM outbox"
)
_DEAD_LETTERS = text(
    "SELECT id, event_type, error || ': ' || reason AS cause, created_at AS since"
    " FROM dead_letters WHERE status = 'dead'"
    " AND position(CAST(:batch AS bytea) IN payload) > 0 ORDER BY id LIMIT :limit"
)


async def condition(
    service: str, engine: AsyncEngine | None, state: ConsumerState | None, batch_id: UUID
) -> ServiceCondition:
    """Of a batch is what names it, whatever else is wrong with it. Raises as SQLAlchemy does."""
    unsent, seconds, of_batch = 0, 0.0, 0
    letters: tuple[DeadLetterNote, ...] = ()
    if engine is not None:
        batch = str(batch_id).encode()
        async with engine.connect() as connection:
            unsent, seconds, of_batch = (await connection.execute(_OUTBOX, {"batch": batch})).one()
            found = await connection.execute(_DEAD_LETTERS, {"batch": batch, "limit": _SHOWN})
            letters = tuple(DeadLetterNote.model_validate(dict(row)) for row in found.mappings())
    return ServiceCondition(
        service=service,
        consuming=state and state.assigned,
        silent_seconds=state.seconds_since_poll if state else 0.0,
        blocked_seconds=state.longest_block_seconds if state else 0.0,
        unsent=unsent,
        unsent_seconds=seconds,
        unsent_of_batch=of_batch,
        dead_letters=letters,
    )
