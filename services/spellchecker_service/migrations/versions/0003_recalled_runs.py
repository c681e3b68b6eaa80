"""Runs that were cancelled: their essays are left alone."""

import sqlalchemy as sa
from alembic import op

revision = "spellchecker_0003"
down_revision = "spellchecker_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recalled_runs",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("recalled_runs")
