"""A rubric for each batch; versions of judges, who of them has left, and since when people have."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "cj_assessment_0006"
down_revision = "cj_assessment_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("assessments", sa.Column("rubric_text_id", sa.String))
    for name in ("versions", "retired"):
        op.add_column(
            "assessments",
            sa.Column(name, postgresql.JSONB, nullable=False, server_default="{}"),
        )
    op.add_column(
        "assessments",
        sa.Column(
            "people_heard_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
    )
    op.drop_column("model_spending", "allowed_beyond_cap")


def downgrade() -> None:
    op.add_column(
        "model_spending",
        sa.Column("allowed_beyond_cap", sa.Numeric, nullable=False, server_default="0"),
    )
    op.alter_column("model_spending", "allowed_beyond_cap", server_default=None)
    for name in ("people_heard_at", "retired", "versions", "rubric_text_id"):
        op.drop_column("assessments", name)
