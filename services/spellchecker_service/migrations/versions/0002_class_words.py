"""A check also depends on the words that are right in the class."""

import sqlalchemy as sa
from alembic import op

revision = "spellchecker_0002"
down_revision = "spellchecker_0001"
branch_labels = None
depends_on = None

_KEY = ("text_id", "language", "assignment_text_id")


def _replace_key(columns: tuple[str, ...]) -> None:
    keys = sa.inspect(op.get_bind()).get_unique_constraints("checks")
    for key in keys:
        op.drop_constraint(str(key["name"]), "checks")
    op.create_unique_constraint("checks_key", "checks", list(columns))


def upgrade() -> None:
    op.add_column(
        "checks", sa.Column("glossary_hash", sa.String(64), nullable=False, server_default="")
    )
    op.alter_column("checks", "glossary_hash", server_default=None)
    _replace_key((*_KEY, "glossary_hash", "engine_version"))


def downgrade() -> None:
    op.execute(
        "DELETE FROM essay_checks USING checks WHERE check_id = checks.id AND glossary_hash <> ''"
    )
    op.execute("DELETE FROM checks WHERE glossary_hash <> ''")
    _replace_key((*_KEY, "engine_version"))
    op.drop_column("checks", "glossary_hash")
