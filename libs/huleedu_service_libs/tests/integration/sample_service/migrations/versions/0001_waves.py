"""Waves."""

import sqlalchemy as sa
from alembic import op

revision = "sample_0001"
down_revision = None
branch_labels = ("sample",)
depends_on = None


def upgrade() -> None:
    op.create_table("waves", sa.Column("batch", sa.Uuid), sa.Column("wave", sa.Integer))
