"""People among the judges, notes by judge, and what the owner of a batch wants of a run."""

import sqlalchemy as sa
from alembic import op

revision = "cj_assessment_0003"
down_revision = "cj_assessment_0002"
branch_labels = None
depends_on = None

_COUNTS = ("extra_comparisons", "least_comparisons", "expected_comparisons")
_PEOPLE = ("pair_id", "person", "reserved_by", "reserved_until")


def upgrade() -> None:
    for name in _COUNTS:
        op.add_column(
            "assessments", sa.Column(name, sa.Integer, nullable=False, server_default="0")
        )
    op.add_column("comparisons", sa.Column("pair_id", sa.Uuid))
    op.add_column("comparisons", sa.Column("person", sa.String))
    op.add_column("comparisons", sa.Column("reserved_by", sa.String))
    op.add_column("comparisons", sa.Column("reserved_until", sa.DateTime(timezone=True)))
    op.create_unique_constraint("comparisons_pair_id_key", "comparisons", ["pair_id"])
    op.create_index("assessments_of_batch", "assessments", ["batch_id"])
    op.create_table(
        "controls",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("control", sa.String, nullable=False),
        sa.Column("extra_comparisons", sa.Integer, nullable=False),
    )
    op.execute(
        "UPDATE essays SET notes = jsonb_build_object(assessments.judge, essays.notes)"
        " FROM assessments WHERE assessments.run_id = essays.run_id"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE essays SET notes = coalesce(essays.notes -> assessments.judge, '{}'::jsonb)"
        " FROM assessments WHERE assessments.run_id = essays.run_id"
    )
    op.drop_table("controls")
    op.drop_index("assessments_of_batch", "assessments")
    op.drop_constraint("comparisons_pair_id_key", "comparisons")
    for name in _PEOPLE:
        op.drop_column("comparisons", name)
    for name in _COUNTS:
        op.drop_column("assessments", name)
