"""Which batches have a text, so that it goes with the last of them."""

import sqlalchemy as sa
from alembic import op

revision = "content_service_0002"
down_revision = "content_service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uses",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("text_id", sa.String(64), sa.ForeignKey("texts.text_id"), primary_key=True),
    )
    op.create_index("uses_of_text", "uses", ["text_id"])
    op.execute(
        "INSERT INTO uses (batch_id, text_id)"
        " SELECT DISTINCT batch_id, text_id FROM uploads WHERE text_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("uses")
