"""What the owner of a batch wants of its runs: it may be heard before the phase it concerns."""

from uuid import UUID

from sqlalchemy import Integer, String, Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.identifiers import BatchId, RunId
from services.essay_lifecycle_service.store.base import Base


class ControlRow(Base):
    __tablename__ = "controls"

    run_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID | None] = mapped_column(Uuid)
    sequence: Mapped[int] = mapped_column(Integer)
    control: Mapped[str] = mapped_column(String)


async def keep_control(session: AsyncSession, control: BatchRunControlledV1) -> bool:
    """False if a later one is known."""
    values = {"sequence": control.sequence, "control": control.control}
    kept = await session.scalar(
        insert(ControlRow)
        .values(run_id=control.run_id, batch_id=control.batch_id, **values)
        .on_conflict_do_update(
            index_elements=[ControlRow.run_id],
            set_=values,
            where=ControlRow.sequence < control.sequence,
        )
        .returning(ControlRow.run_id)
    )
    return kept is not None


async def lock_control(session: AsyncSession, batch_id: BatchId, run_id: RunId) -> RunControl:
    """What holds, until the transaction ends: whoever changes it waits."""
    unsaid = {"sequence": 0, "control": RunControl.GO_ON}
    await session.execute(
        insert(ControlRow)
        .values(run_id=run_id, batch_id=batch_id, **unsaid)
        .on_conflict_do_nothing()
    )
    rows = await session.scalars(
        select(ControlRow.control).where(ControlRow.run_id == run_id).with_for_update()
    )
    control = rows.one()
    return RunControl(control)
