from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.identifiers import BatchId
from huleedu_service_libs.deletion import delete_rows
from services.cj_assessment_service.controls import ControlRow
from services.cj_assessment_service.judges.ledger import AnswerRow, CallRow, SpendingRow
from services.cj_assessment_service.store import (
    AssessmentRow,
    ComparisonRow,
    EssayRow,
    ScoreRow,
    WaveRow,
)


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    """With the answers of models that it has paid for: they quote its essays.

    Its calls are locked first, so that an answer under way is stored before, or never.
    """
    mine = AssessmentRow.batch_id == batch_id
    runs = select(AssessmentRow.run_id).where(mine)
    calls = CallRow.batch_id == batch_id
    paid = list(await session.scalars(select(CallRow.run_id).where(calls).with_for_update()))
    parts = (ScoreRow, ComparisonRow, WaveRow, EssayRow)
    return await delete_rows(
        session,
        *(delete(part).where(part.run_id.in_(runs)) for part in parts),
        delete(AssessmentRow).where(mine),
        delete(ControlRow).where(ControlRow.batch_id == batch_id),
        delete(AnswerRow).where(AnswerRow.run_id.in_(set(paid))),
        delete(CallRow).where(calls),
        delete(SpendingRow).where(SpendingRow.batch_id == batch_id),
    )
