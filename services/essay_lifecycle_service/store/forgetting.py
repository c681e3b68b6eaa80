from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from common_core.identifiers import BatchId
from huleedu_service_libs.deletion import delete_rows
from services.essay_lifecycle_service.store.controls import ControlRow
from services.essay_lifecycle_service.store.intake import BatchRow, UploadRow
from services.essay_lifecycle_service.store.phase_runs import EssayInPhaseRow, PhaseRunRow


async def forget(session: AsyncSession, batch_id: BatchId) -> dict[str, int]:
    runs = select(PhaseRunRow.run_id).where(PhaseRunRow.batch_id == batch_id)
    return await delete_rows(
        session,
        delete(EssayInPhaseRow).where(EssayInPhaseRow.run_id.in_(runs)),
        delete(ControlRow).where(ControlRow.batch_id == batch_id),
        delete(PhaseRunRow).where(PhaseRunRow.batch_id == batch_id),
        delete(UploadRow).where(UploadRow.batch_id == batch_id),
        delete(BatchRow).where(BatchRow.batch_id == batch_id),
    )
