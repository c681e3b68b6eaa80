"""When a batch ended, and what is kept of one that was deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "batch_orchestrator_service_0003"
down_revision = "batch_orchestrator_service_0002"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("batches", sa.Column("ended_at", _TIME))
    op.execute(
        "UPDATE batches SET ended_at = now()"
        " WHERE status IN ('completed', 'completed_with_failures', 'failed', 'cancelled')"
    )
    op.create_index(
        "batches_ended",
        "batches",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_table(
        "deletions",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("asked_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("waiting_for", ARRAY(sa.String), nullable=False),
        sa.Column("completed_at", _TIME),
    )


def downgrade() -> None:
    op.drop_table("deletions")
    op.drop_index("batches_ended", "batches")
    op.drop_column("batches", "ended_at")
