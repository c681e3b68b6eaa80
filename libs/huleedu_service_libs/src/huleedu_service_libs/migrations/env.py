"""Alembic's entry point for every service: the caller brings the connection and its transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], transaction_per_migration=False
)
context.run_migrations()
