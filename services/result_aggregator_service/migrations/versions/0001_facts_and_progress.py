"""Facts and progress."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "result_aggregator_service_0001"
down_revision = None
branch_labels = ("result_aggregator_service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("owner_id", sa.String, nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sequence", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("progress", JSONB, nullable=True),
    )
    op.create_index("batches_of_owner", "batches", ["owner_id", "created_at"])
    op.create_table(
        "facts",
        sa.Column("fact_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("event_type", sa.String, nullable=False),
        sa.Column("said_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("data", JSONB, nullable=False),
    )
    op.create_index("facts_of_batch", "facts", ["batch_id"])
    op.create_table(
        "progress",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("progress", JSONB, nullable=False),
    )
    op.create_table(
        "announced_runs",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("run_id", sa.Uuid, primary_key=True),
    )


def downgrade() -> None:
    for table in ("announced_runs", "progress", "facts", "batches"):
        op.drop_table(table)
