"""Reads spans of streams again with another model, batch by batch; a worker that dies leaves the rest to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.monitoring.reading.models import ChosenModel, StreamModels
from services.monitoring.reading.reader import DocumentReader, DocumentReading
from shared.contracts.monitoring.streams import StreamDocument
from shared.errors import InvalidInput, NotFound, ParleyError
from shared.storage.database.engine import Database
from shared.storage.monitoring import reanalyses, streams
from shared.storage.tables.core import Model
from shared.storage.tables.platform import Reanalysis, Rereading
from shared.storage.tables.streams import Document
from shared.storage.training import models
from shared.telemetry import logs

_log = logs.get(__name__)

_BATCH = 128
#: Seconds after which another process goes on with one whose worker died, and pause after a failure.
_LEASE = 300.0
_PAUSE = 15.0


class Reanalyser:
    """Works at what is due, one after the other. To be used by one thread.

    Args:
        database: Holds documents and what is asked.
        reader: Reads them.
        clock: Unix seconds.
        is_stopping: Whether to leave off after the batch under way.
    """

    def __init__(
        self,
        database: Database,
        reader: DocumentReader,
        clock: Callable[[], float],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self._is_stopping = is_stopping

    def work(self) -> None:
        """Do all that is due; what nlu cannot read now is gone on with later."""
        while not self._is_stopping():
            now = self._clock()
            with self._database.transaction() as session:
                row = reanalyses.claim(session, now, now + _LEASE)
            if row is None:
                return
            self._one(row)

    def _one(self, row: Reanalysis) -> None:
        try:
            while self._batch(row) and not self._is_stopping():
                with self._database.reading() as session:
                    row = reanalyses.get(session, row.stream, row.id)
        except NotFound as error:  # the stream, or a model
            self._end(row, "failed", error.message)
            return
        except InvalidInput as error:
            self._end(row, "failed", error.message)
            return
        except ParleyError as error:
            _log.warning("a re-analysis waits", reanalysis=row.id, reason=error.message)
        with self._database.transaction() as session:
            reanalyses.give_back(session, row.id, self._clock() + _PAUSE)

    def _batch(self, row: Reanalysis) -> bool:
        """Read on; whether there is more to do."""
        with self._database.reading() as session:
            spec = streams.get(session, row.stream).spec
            chosen = StreamModels(
                sentiment=_chosen(models.get(session, row.model)),
                entity=None if row.entity_model is None else _chosen(models.get(session, row.entity_model)),
                topic=None,
                embedder=None,
                finder=None,
            )
            found = reanalyses.next_documents(session, row, _BATCH)
        if not found:
            self._end(row, "succeeded", None)
            return False
        readings = self._reader.read(row.stream, spec, chosen, [_told(one) for one in found])
        with self._database.transaction() as session:
            return reanalyses.advance(session, row, list(_rows(row, found, readings)), self._clock() + _LEASE)

    def _end(self, row: Reanalysis, status: str, problem: str | None) -> None:
        with self._database.transaction() as session:
            reanalyses.finish(session, row.id, status, self._clock(), problem)
        _log.info("re-analysis ended", reanalysis=row.id, status=status)


def _chosen(model: Model) -> ChosenModel:
    return ChosenModel(model.id, model.task)


def _told(document: Document) -> StreamDocument:
    return StreamDocument(
        id=document.id,
        text=document.text,
        title=document.title,
        published_at=document.published_at,
        source=document.source,
        language=document.language,
    )


def _rows(row: Reanalysis, found: list[Document], readings: list[DocumentReading]) -> Iterator[Rereading]:
    for document, reading in zip(found, readings, strict=True):
        yield Rereading(
            reanalysis=row.id,
            document_id=document.id,
            published_at=document.published_at,
            earlier=document.sentiment,
            sentiment=reading.felt.label,
            score=reading.felt.score,
            confidence=reading.felt.confidence,
            entities=[[one.entity, one.felt.label, one.felt.score] for one in reading.entities],
        )
