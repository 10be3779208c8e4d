"""The metadata with every table in it, wherever the table is written down."""

from __future__ import annotations

from shared.storage import batch_tables as batch_tables
from shared.storage import catalog_tables as catalog_tables
from shared.storage import webhook_tables as webhook_tables
from shared.storage.tables import METADATA as METADATA
