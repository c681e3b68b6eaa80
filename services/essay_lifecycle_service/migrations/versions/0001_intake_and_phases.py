"""Slots of batches, and the essays of a phase."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "essay_lifecycle_service_0001"
down_revision = None
branch_labels = ("essay_lifecycle_service",)
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("essay_ids", ARRAY(sa.Uuid)),
        sa.Column("correlation_id", sa.Uuid),
        sa.Column("upload_deadline", _TIME),
        sa.Column("ready_at", _TIME),
    )
    op.create_index(
        "batches_awaiting_uploads",
        "batches",
        ["upload_deadline"],
        postgresql_where=sa.text("ready_at IS NULL"),
    )
    op.create_table(
        "uploads",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("file_name", sa.String, primary_key=True),
        sa.Column("file_hash", sa.String, primary_key=True),
        sa.Column("refused", sa.Boolean, primary_key=True),
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("placement", sa.String, nullable=False),
        sa.Column("text_id", sa.String),
        sa.Column("code", sa.String),
        sa.Column("reason", sa.String),
    )
    op.create_table(
        "phase_runs",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("deadline", _TIME, nullable=False),
        sa.Column("closed_at", _TIME),
    )
    op.create_index(
        "phase_runs_open",
        "phase_runs",
        ["deadline"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "essays_in_phase",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("essay_id", sa.Uuid, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("file_name", sa.String, nullable=False),
        sa.Column("text_id", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("output", sa.String),
        sa.Column("code", sa.String),
        sa.Column("reason", sa.String),
        sa.ForeignKeyConstraint(["run_id", "phase"], ["phase_runs.run_id", "phase_runs.phase"]),
    )


def downgrade() -> None:
    for table in ("essays_in_phase", "phase_runs", "uploads", "batches"):
        op.drop_table(table)
