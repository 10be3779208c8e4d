"""How long documents and counts are kept."""

from __future__ import annotations

from shared.storage.chat import refused_items
from shared.storage.database.engine import Database
from shared.storage.monitoring import alerts, documents, streams, trends
from shared.telemetry import logs

_DAY = 86_400.0

_log = logs.get(__name__)


def prune_streams(database: Database, now: float) -> None:
    """Delete documents beyond the days of their stream, what was refused of it, words of its alerts, and counts beyond those of their level; one transaction each."""
    with database.reading() as session:
        declared = [(stream.id, stream.spec.retention_days) for stream in streams.all(session)]
    for stream, days in declared:
        with database.transaction() as session:
            before = now - days * _DAY
            deleted = documents.prune(session, stream, before)
            refused_items.expire(session, stream, before)
            alerts.forget_words(session, stream, before)
        if deleted:
            _log.info("documents pruned", stream=stream, deleted=deleted)
    with database.transaction() as session:
        documents.prune_bands(session, now - 2 * documents.COPIES_WITHIN)
        trends.prune(session, now)
