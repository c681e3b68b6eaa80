"""A result also depends on the version of what made it."""

import sqlalchemy as sa
from alembic import op

revision = "batch_conductor_service_0002"
down_revision = "batch_conductor_service_0001"
branch_labels = None
depends_on = None


def _replace_key(*columns: str) -> None:
    op.drop_constraint("phase_results_pkey", "phase_results")
    op.create_primary_key("phase_results_pkey", "phase_results", list(columns))


def upgrade() -> None:
    op.add_column(
        "phase_results", sa.Column("engine_version", sa.String, nullable=False, server_default="")
    )
    op.alter_column("phase_results", "engine_version", server_default=None)
    _replace_key("phase", "fingerprint", "engine_version")
    op.create_table(
        "phase_engines",
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("engine_version", sa.String, nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("phase_engines")
    op.execute("DELETE FROM phase_results WHERE engine_version <> ''")
    _replace_key("phase", "fingerprint")
    op.drop_column("phase_results", "engine_version")
