"""The metadata with every table in it, wherever the table is written down."""

from __future__ import annotations

from shared.storage import alert_tables as alert_tables
from shared.storage import audit_tables as audit_tables
from shared.storage import batch_tables as batch_tables
from shared.storage import catalog_tables as catalog_tables
from shared.storage import channel_tables as channel_tables
from shared.storage import completion_tables as completion_tables
from shared.storage import eval_tables as eval_tables
from shared.storage import feedback_tables as feedback_tables
from shared.storage import guard_tables as guard_tables
from shared.storage import people_tables as people_tables
from shared.storage import platform_tables as platform_tables
from shared.storage import stream_tables as stream_tables
from shared.storage import upload_tables as upload_tables
from shared.storage import vector_store_tables as vector_store_tables
from shared.storage import webhook_tables as webhook_tables
from shared.storage import widget_tables as widget_tables
from shared.storage.tables import METADATA as METADATA
