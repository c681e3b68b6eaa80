"""Essays that join a batch that was complete."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "batch_orchestrator_service_0004"
down_revision = "batch_orchestrator_service_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "batches",
        sa.Column("earlier_names", postgresql.JSONB, nullable=False, server_default="[]"),
    )
    op.create_table(
        "additions",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("batches.batch_id"), nullable=False),
        sa.Column("essays", postgresql.JSONB, nullable=False),
        sa.Column("run_id", sa.Uuid),
    )


def downgrade() -> None:
    op.drop_table("additions")
    op.drop_column("batches", "earlier_names")
