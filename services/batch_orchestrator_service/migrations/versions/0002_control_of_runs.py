"""What the owner wants of the run under way, and budgets enlarged later."""

import sqlalchemy as sa
from alembic import op

revision = "batch_orchestrator_service_0002"
down_revision = "batch_orchestrator_service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "batches", sa.Column("control", sa.String, nullable=False, server_default="go_on")
    )
    for name in ("control_sequence", "extra_comparisons"):
        op.add_column("batches", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "budget_requests",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("batches.batch_id"), nullable=False),
        sa.Column("comparisons", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("budget_requests")
    for name in ("extra_comparisons", "control_sequence", "control"):
        op.drop_column("batches", name)
