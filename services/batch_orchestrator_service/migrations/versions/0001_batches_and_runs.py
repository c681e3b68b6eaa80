"""Batches and their runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "batch_orchestrator_service_0001"
down_revision = None
branch_labels = ("batch_orchestrator_service",)
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("owner_id", sa.String, nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("essays", JSONB),
        sa.Column("failed", JSONB),
        sa.Column("deadline", _TIME),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("batches_by_owner", "batches", ["owner_id", "created_at"])
    op.create_index(
        "batches_awaiting",
        "batches",
        ["deadline"],
        postgresql_where=sa.text("deadline IS NOT NULL"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("batches.batch_id"), nullable=False),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("under_way", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index(
        "runs_one_under_way",
        "runs",
        ["batch_id"],
        unique=True,
        postgresql_where=sa.text("under_way"),
    )
    op.create_table(
        "run_requests",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("batches.batch_id"), nullable=False),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
    )


def downgrade() -> None:
    for table in ("run_requests", "runs", "batches"):
        op.drop_table(table)
