"""Results on file."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "batch_conductor_service_0001"
down_revision = None
branch_labels = ("batch_conductor_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phase_results",
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("essays", JSONB, nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_table("phase_results")
