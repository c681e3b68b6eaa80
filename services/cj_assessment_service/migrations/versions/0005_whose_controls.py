"""The batch of what its owner wants of a run, so that it can be deleted with it."""

import sqlalchemy as sa
from alembic import op

revision = "cj_assessment_0005"
down_revision = "cj_assessment_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("controls", sa.Column("batch_id", sa.Uuid))
    op.execute(
        "UPDATE controls SET batch_id = assessments.batch_id FROM assessments"
        " WHERE assessments.run_id = controls.run_id"
    )


def downgrade() -> None:
    op.drop_column("controls", "batch_id")
