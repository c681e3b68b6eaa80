"""What a comparison cost and how it was come by; pairs that were given up; language and task."""

import sqlalchemy as sa
from alembic import op

revision = "cj_assessment_0002"
down_revision = "cj_assessment_0001"
branch_labels = None
depends_on = None

_DETAILS = {
    "given_up": sa.String,
    "reason": sa.String,
    "latency_seconds": sa.Float,
    "tokens_in": sa.Integer,
    "tokens_out": sa.Integer,
    "cost": sa.Numeric,
    "model": sa.String,
    "prompt_version": sa.String,
}


def upgrade() -> None:
    for name, kind in _DETAILS.items():
        op.add_column("comparisons", sa.Column(name, kind))
    op.add_column(
        "assessments", sa.Column("language", sa.String, nullable=False, server_default="en")
    )
    op.alter_column("assessments", "language", server_default=None)
    op.add_column("assessments", sa.Column("assignment_text_id", sa.String))


def downgrade() -> None:
    for name in ("language", "assignment_text_id"):
        op.drop_column("assessments", name)
    for name in _DETAILS:
        op.drop_column("comparisons", name)
