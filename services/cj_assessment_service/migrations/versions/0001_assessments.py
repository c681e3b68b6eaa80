"""Assessments: essays, comparisons with their verdicts, waves and scores."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "cj_assessment_0001"
down_revision = None
branch_labels = ("cj_assessment_service",)
depends_on = None


def _run_id() -> "sa.Column[UUID]":
    return sa.Column("run_id", sa.Uuid, sa.ForeignKey("assessments.run_id"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "assessments",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("judge", sa.String, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("grade_scale", postgresql.JSONB, nullable=False),
        sa.Column("failed", postgresql.JSONB, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("reliability", sa.Float),
        sa.Column("stop_reason", sa.String),
        sa.Column("grade_note", sa.String),
    )
    op.create_table(
        "essays",
        _run_id(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("essay_id", sa.Uuid, nullable=False),
        sa.Column("file_name", sa.String, nullable=False),
        sa.Column("text_id", sa.String, nullable=False),
        sa.Column("anchor_grade", sa.String),
        sa.Column("notes", postgresql.JSONB, nullable=False),
        sa.UniqueConstraint("run_id", "essay_id"),
    )
    op.create_table(
        "waves",
        _run_id(),
        sa.Column("wave", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("comparisons", sa.Integer, nullable=False),
        sa.Column("reliability", sa.Float, nullable=False),
    )
    op.create_table(
        "comparisons",
        _run_id(),
        sa.Column("judge", sa.String, primary_key=True),
        sa.Column("first", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("second", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("wave", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("winner", sa.String),
        sa.Column("degree", sa.Integer),
        sa.Column("judged_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "scores",
        _run_id(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("standard_error", sa.Float, nullable=False),
        sa.Column("best_rank", sa.Integer, nullable=False),
        sa.Column("worst_rank", sa.Integer, nullable=False),
        sa.Column("comparisons", sa.Integer, nullable=False),
        sa.Column("grade", sa.String),
        sa.Column("grade_probabilities", postgresql.JSONB),
    )


def downgrade() -> None:
    for table in ("scores", "comparisons", "waves", "essays", "assessments"):
        op.drop_table(table)
