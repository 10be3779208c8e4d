"""Documents from the bus to the counts: read, recorded, and told to whoever judges them."""

from __future__ import annotations

from collections.abc import Sequence

from services.monitoring.reading.models import models_of
from services.monitoring.reading.reader import DocumentReader
from services.monitoring.streams.counted import Counted, Watcher
from services.monitoring.streams.lag import IngestLag, note_late
from services.monitoring.streams.recorder import counted, counted_before, record
from shared.contracts.monitoring.streams import DocumentsReceived, StreamDocument
from shared.errors import NotFound
from shared.storage.database.engine import Database
from shared.storage.monitoring import documents, streams
from shared.telemetry import logs, metrics

_log = logs.get(__name__)


class DocumentIntake:
    """Takes documents in. To be used by one thread.

    Args:
        database: Where they are kept and counted.
        reader: Reads them.
        on_counted: Told after each commit.
        lag: Told how long documents were on their way.
    """

    def __init__(self, database: Database, reader: DocumentReader, on_counted: Watcher, lag: IngestLag) -> None:
        self._database = database
        self._reader = reader
        self._on_counted = on_counted
        self._lag = lag

    def take(self, messages: Sequence[DocumentsReceived]) -> None:
        """Read and count all that came together, stream by stream.

        Raises:
            ParleyError: nlu or the database is away; the call can be repeated, and counts nothing twice.
        """
        changed = []
        for stream in sorted({message.stream for message in messages}):
            changed += self._take(stream, [message for message in messages if message.stream == stream])
        if changed:
            self._on_counted(changed)

    def _take(self, stream: str, messages: Sequence[DocumentsReceived]) -> list[Counted]:
        told: dict[str, StreamDocument] = {}
        for document in (one for message in messages for one in message.documents):
            told.setdefault(document.id, document)
        with self._database.reading() as session:
            try:
                spec = streams.get(session, stream).spec
            except NotFound:
                _log.warning("documents of a stream that is gone are dropped", stream=stream, documents=len(told))
                return []
            known = documents.known(session, stream, list(told))
            # Told again: a process may have died between counting them and saying so.
            changed = counted_before(session, stream, sorted(known))
            models = models_of(session, spec)
        if models.gone:
            _log.warning("a stream names models that are gone", stream=stream, models=models.gone)
        new = [document for document in told.values() if document.id not in known]
        readings = self._reader.read(stream, spec, models, new) if new else []
        received_at = [message.received_at for message in messages]
        with self._database.transaction() as session:
            count = record(session, stream, readings, max(received_at))
            if spec.clock == "wall":  # a replay of the past is late on purpose
                note_late(session, stream, new, max(received_at))
        self._lag.counted(min(received_at))
        metrics.DOCUMENTS.labels("counted").inc(count)
        metrics.DOCUMENTS.labels("repeated").inc(sum(len(message.documents) for message in messages) - count)
        return [*changed, *counted(stream, readings)]
