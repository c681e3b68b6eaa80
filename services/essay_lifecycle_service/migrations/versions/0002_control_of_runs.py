"""What the owner wants of a run; a phase of a paused one has no deadline."""

import sqlalchemy as sa
from alembic import op

revision = "essay_lifecycle_service_0002"
down_revision = "essay_lifecycle_service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "controls",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("control", sa.String, nullable=False),
    )
    op.alter_column("phase_runs", "deadline", nullable=True)


def downgrade() -> None:
    op.execute("UPDATE phase_runs SET deadline = now() WHERE deadline IS NULL")
    op.alter_column("phase_runs", "deadline", nullable=False)
    op.drop_table("controls")
