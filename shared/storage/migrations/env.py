"""What alembic runs for each command; the connection is given by ``upgrade``."""

from __future__ import annotations

from alembic import context

from shared.storage.tables import every as every_table

context.configure(connection=context.config.attributes["connection"], target_metadata=every_table.METADATA)
with context.begin_transaction():
    context.run_migrations()
