"""What the owner of a batch wants of its runs: it may be heard before the run it concerns."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from common_core.domain_enums import RunControl
from common_core.events.batch_events import BatchRunControlledV1
from common_core.identifiers import RunId
from services.cj_assessment_service.assessment import Assessment
from services.cj_assessment_service.store import Base


class ControlRow(Base):
    __tablename__ = "controls"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID | None]
    sequence: Mapped[int]
    control: Mapped[str]
    extra_comparisons: Mapped[int]


@dataclass(frozen=True)
class Control:
    control: RunControl = RunControl.GO_ON
    extra_comparisons: int = 0

    def over(self, assessment: Assessment) -> Assessment:
        """The assessment as the owner wants it."""
        return replace(
            assessment,
            control=self.control,
            closed=assessment.closed or self.control is RunControl.CANCEL,
            extra_comparisons=max(assessment.extra_comparisons, self.extra_comparisons),
        )


async def keep_control(session: AsyncSession, said: BatchRunControlledV1) -> bool:
    """False if a later one is known."""
    values = {
        "sequence": said.sequence,
        "control": said.control,
        "extra_comparisons": said.extra_comparisons,
    }
    kept = await session.scalar(
        insert(ControlRow)
        .values(run_id=said.run_id, batch_id=said.batch_id, **values)
        .on_conflict_do_update(
            index_elements=[ControlRow.run_id],
            set_=values,
            where=ControlRow.sequence < said.sequence,
        )
        .returning(ControlRow.run_id)
    )
    return kept is not None


async def control_of(session: AsyncSession, run_id: RunId) -> Control:
    row = await session.scalar(
        select(ControlRow).filter_by(run_id=run_id).execution_options(populate_existing=True)
    )
    return Control() if row is None else Control(RunControl(row.control), row.extra_comparisons)
