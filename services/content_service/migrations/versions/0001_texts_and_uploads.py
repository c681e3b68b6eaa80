"""Texts by their hash, and the files they came from."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "content_service_0001"
down_revision = None
branch_labels = ("content_service",)
depends_on = None


def _created_at() -> "sa.Column[datetime]":
    return sa.Column(
        "created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()
    )


def upgrade() -> None:
    op.create_table(
        "texts",
        sa.Column("text_id", sa.String(64), primary_key=True),
        sa.Column("content", sa.String, nullable=False),
        _created_at(),
    )
    op.create_table(
        "uploads",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("file_name", sa.String, primary_key=True),
        sa.Column("file_hash", sa.String(64), primary_key=True),
        sa.Column("text_id", sa.String(64), sa.ForeignKey("texts.text_id")),
        sa.Column("code", sa.String),
        sa.Column("reason", sa.String),
        _created_at(),
    )


def downgrade() -> None:
    op.drop_table("uploads")
    op.drop_table("texts")
