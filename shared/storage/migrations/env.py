"""What alembic runs for each command; the connection is given by ``upgrade``."""

from __future__ import annotations

from alembic import context

import shared.storage.stream_tables  # noqa: F401  # its tables are part of METADATA once it is loaded
from shared.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
