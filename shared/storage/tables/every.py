"""The metadata with every table in it, wherever the table is written down."""

from __future__ import annotations

from shared.storage.tables import alerts as alerts
from shared.storage.tables import audit as audit
from shared.storage.tables import batches as batches
from shared.storage.tables import catalogs as catalogs
from shared.storage.tables import channels as channels
from shared.storage.tables import completions as completions
from shared.storage.tables import evals as evals
from shared.storage.tables import feedback as feedback
from shared.storage.tables import guards as guards
from shared.storage.tables import people as people
from shared.storage.tables import platform as platform
from shared.storage.tables import streams as streams
from shared.storage.tables import uploads as uploads
from shared.storage.tables import vector_stores as vector_stores
from shared.storage.tables import webhooks as webhooks
from shared.storage.tables import widgets as widgets
from shared.storage.tables.core import METADATA as METADATA
