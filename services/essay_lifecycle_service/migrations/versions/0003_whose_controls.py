"""The batch of what its owner wants of a run, so that it can be deleted with it."""

import sqlalchemy as sa
from alembic import op

revision = "essay_lifecycle_service_0003"
down_revision = "essay_lifecycle_service_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("controls", sa.Column("batch_id", sa.Uuid))
    op.execute(
        "UPDATE controls SET batch_id = phase_runs.batch_id FROM phase_runs"
        " WHERE phase_runs.run_id = controls.run_id"
    )


def downgrade() -> None:
    op.drop_column("controls", "batch_id")
