"""When each step of a batch's progress was shown, so that old ones can be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "result_aggregator_service_0002"
down_revision = "result_aggregator_service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "progress",
        sa.Column(
            "shown_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.create_index("progress_by_age", "progress", ["shown_at"])


def downgrade() -> None:
    op.drop_index("progress_by_age", "progress")
    op.drop_column("progress", "shown_at")
