"""Deletes the files whose time is over. Several gateway processes may do this beside each other."""

from __future__ import annotations

from shared.artifacts.layout import file_key
from shared.artifacts.store import ArtifactStore
from shared.errors import NotFound
from shared.storage.database.engine import Database
from shared.storage.training import files
from shared.telemetry import logs

log = logs.get(__name__)

#: Seconds between two looks.
INTERVAL_SECONDS = 30.0
#: Files of one look.
MAX_BATCH = 100


def delete_expired(database: Database, store: ArtifactStore, now: float) -> None:
    """Delete the files that ended before ``now`` (Unix seconds), up to ``MAX_BATCH`` of them."""
    with database.reading() as session:
        expired = files.expired(session, now, MAX_BATCH)
    for file_id in expired:
        store.delete(
            file_key(file_id)
        )  # the bytes first: a row without bytes is found again, bytes without a row are not
        try:
            with database.transaction() as session:
                files.delete(session, file_id)
        except NotFound:
            log.debug("another gateway process deleted it", file_id=file_id)
