"""Ends uploads that were never completed."""

from __future__ import annotations

from shared.artifacts.layout import upload_key
from shared.artifacts.store import ArtifactStore
from shared.storage.database.engine import Database
from shared.storage.training import uploads

#: Uploads of one look.
_MAX_BATCH = 100


def end_expired(database: Database, store: ArtifactStore, now: float) -> None:
    """End those whose time is over, with their parts. Several gateway processes may do this beside each other."""
    with database.reading() as session:
        late = uploads.expired(session, now, _MAX_BATCH)
    for upload_id in late:
        with database.transaction() as session:
            uploads.finish(session, upload_id, "expired")
        store.delete(upload_key(upload_id))
