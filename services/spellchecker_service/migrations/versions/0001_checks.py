"""Checks and the essays they belong to."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "spellchecker_0001"
down_revision = None
branch_labels = ("spellchecker_service",)
depends_on = None


def _created_at() -> "sa.Column[datetime]":
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    )


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text_id", sa.String(64), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("assignment_text_id", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.String, nullable=False),
        sa.Column("corrected_text_id", sa.String(64), nullable=False),
        sa.Column("corrections", postgresql.JSONB, nullable=False),
        sa.Column("word_count", sa.Integer, nullable=False),
        sa.Column("correction_count", sa.Integer, nullable=False),
        sa.Column("by_kind", postgresql.JSONB, nullable=False),
        sa.Column("density", sa.Float, nullable=False),
        sa.Column("duration_seconds", sa.Float, nullable=False),
        _created_at(),
        sa.UniqueConstraint("text_id", "language", "assignment_text_id", "engine_version"),
    )
    op.create_table(
        "essay_checks",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("essay_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("check_id", sa.Integer, sa.ForeignKey("checks.id")),
        sa.Column("failure_code", sa.String),
        sa.Column("failure_reason", sa.String),
        _created_at(),
    )


def downgrade() -> None:
    op.drop_table("essay_checks")
    op.drop_table("checks")
