"""Batches that were deleted, and the one way to ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "0002_barred_batches"
down_revision = "0001_messaging"
branch_labels = None
depends_on = None

_LOCK = """
    CREATE FUNCTION barring_lock(batch_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
    AS 'SELECT (1212761701::bigint << 8) | (uuid_hash(batch_id) & 63)'
"""
_BARRED = """
    CREATE FUNCTION barred_among(batch_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        IF cardinality(batch_ids) = 1 THEN
            PERFORM pg_advisory_xact_lock_shared(barring_lock(batch_ids[1]));
        ELSE
            PERFORM pg_advisory_xact_lock_shared(key)
                FROM (SELECT DISTINCT barring_lock(id) AS key FROM unnest(batch_ids) AS id
                      ORDER BY key) AS locks;
        END IF;
        RETURN ARRAY(SELECT batch_id FROM barred_batches WHERE batch_id = ANY (batch_ids));
    END
    $$
"""


def upgrade() -> None:
    op.create_table(
        "barred_batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column(
            "barred_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()
        ),
    )
    op.execute(_LOCK)
    op.execute(_BARRED)


def downgrade() -> None:
    op.execute("DROP FUNCTION barred_among(uuid[])")
    op.execute("DROP FUNCTION barring_lock(uuid)")
    op.drop_table("barred_batches")
