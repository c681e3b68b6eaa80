"""Calls to models with what they cost, what a batch has committed, and the answers bought."""

import sqlalchemy as sa
from alembic import op

revision = "cj_assessment_0004"
down_revision = "cj_assessment_0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "model_spending",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("committed", sa.Numeric, nullable=False),
        sa.Column("allowed_beyond_cap", sa.Numeric, nullable=False),
    )
    op.create_table(
        "model_calls",
        sa.Column("call_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("judge", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("worst_cost", sa.Numeric, nullable=False),
        sa.Column("cost", sa.Numeric),
        sa.Column("tokens_in", sa.Integer),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("ended", sa.String),
        sa.Column("sent_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("ended_at", _TIME),
    )
    op.create_index("model_calls_by_question", "model_calls", ["question"])
    op.create_index("model_calls_by_run", "model_calls", ["run_id"])
    op.create_table(
        "model_answers",
        sa.Column("question", sa.String, primary_key=True),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("winner", sa.String, nullable=False),
        sa.Column("degree", sa.Integer),
        sa.Column("reason", sa.String),
        sa.Column("latency_seconds", sa.Float),
        sa.Column("tokens_in", sa.Integer),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("cost", sa.Numeric),
        sa.Column("model", sa.String),
        sa.Column("prompt_version", sa.String),
        sa.Column("bought_at", _TIME, nullable=False, server_default=sa.func.now()),
    )


def downgrade() -> None:
    for table in ("model_answers", "model_calls", "model_spending"):
        op.drop_table(table)
