"""Alembic's entry: the connection is handed in by `server.db.migrate`."""

from alembic import context

import server.db.tables.sandbox  # noqa: F401 (registers the sandbox's tables on the same metadata)
from server.db.tables import Row

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Row.metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
