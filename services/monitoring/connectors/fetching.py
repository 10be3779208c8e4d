"""Fetches what is due, one source at a time a thread, and passes its documents on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from services.monitoring.connectors.fetched import Fetched, Reach, Refused
from services.monitoring.connectors.items import document_of
from services.monitoring.connectors.table import CONNECTORS
from shared.contracts.monitoring.streams import AnySource, DocumentsReceived, Source, StreamDocument
from shared.errors import ParleyError, reason_of
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.privacy.masking import masked
from shared.retrying import Backoff
from shared.storage.chat import refused_items
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import documents, stream_sources, streams
from shared.storage.tables.streams import StreamSource
from shared.telemetry import logs

#: Seconds after which another process takes a source whose fetcher died.
_LEASE = 600.0
_PER_MESSAGE = 32
_PAUSES = Backoff(first=60.0, longest=3600.0)
_SHOWN = 300
_SETTING: TypeAdapter[AnySource] = TypeAdapter(Source)

_log = logs.get(__name__)


class SourceFetcher:
    """Fetches sources. Thread-safe: several threads share one.

    Args:
        database: Holds the sources.
        publisher: Takes the documents.
        reach: What may be reached.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, publisher: Publisher, reach: Reach, clock: Callable[[], float]) -> None:
        self._database = database
        self._publisher = publisher
        self._reach = reach
        self._clock = clock

    def fetch_due(self) -> None:
        """Fetch all that is due now; one that fails says why, and is tried later."""
        while True:
            now = self._clock()
            with self._database.transaction() as session:
                source = stream_sources.claim(session, now, now + _LEASE)
            if source is None:
                return
            try:
                self._fetch(source)
            except ParleyError as error:
                self._note(source, error.message)
            except Exception as error:  # noqa: BLE001  # a format may surprise its library; the others go on
                self._note(source, f"It cannot be read ({reason_of(error)}).")

    def _fetch(self, source: StreamSource) -> None:
        setting = _SETTING.validate_python(source.setting)
        fetch = CONNECTORS[type(setting)]
        with fetch(setting, source.cursor, self._reach, self._clock()) as found:
            self._pass_on(source, setting, found)

    def _pass_on(self, source: StreamSource, setting: AnySource, found: Fetched) -> None:
        """Publish first, note after: what is published twice is counted once, what is noted too early would be lost."""
        now = self._clock()
        with self._database.reading() as session:
            zone = ZoneInfo(streams.get(session, source.stream).spec.time_zone)
        read = [(place, item, document_of(item, setting.name, zone, now)) for place, item in found.items]
        refused = found.refused + [
            Refused(place, "It has no text.", str({name: one for name, one in item.items() if one is not None}))
            for place, item, document in read
            if document is None
        ]
        told: dict[str, StreamDocument] = {}
        for _, _, document in read:
            if document is not None:
                told.setdefault(document.id, document)
        with self._database.reading() as session:
            known = documents.known(session, source.stream, sorted(told))
        new = [one for one in told.values() if one.id not in known]
        self._publisher.publish([envelope(message) for message in _messages(source.stream, new, now)])
        with self._database.transaction() as session:
            _keep(session, source, refused, now)
            stream_sources.succeeded(
                session,
                source,
                cursor=found.cursor,
                documents=len(new),
                refused=len(refused),
                now=now,
                due_at=now + setting.every_seconds,
            )

    def _note(self, source: StreamSource, problem: str) -> None:
        due_at = self._clock() + _PAUSES.pause(source.failures)
        with self._database.transaction() as session:
            stream_sources.failed(session, source, problem, due_at=due_at)
        _log.warning("source cannot be fetched", stream=source.stream, source=source.name, reason=problem)


def _keep(session: Session, source: StreamSource, refused: Sequence[Refused], now: float) -> None:
    for number, one in enumerate(refused[-refused_items.KEPT :]):
        refused_items.add(
            session,
            stream=source.stream,
            source=source.name,
            place=one.place[:200],
            reason=one.reason[:500],
            item=masked(one.item[:_SHOWN]),
            now=now + number * 1e-5,  # they keep their order
        )
    if refused:
        refused_items.prune(session, source.stream, source.name)


def _messages(stream: str, found: list[StreamDocument], now: float) -> Iterator[DocumentsReceived]:
    for start in range(0, len(found), _PER_MESSAGE):
        yield DocumentsReceived(stream=stream, documents=tuple(found[start : start + _PER_MESSAGE]), received_at=now)
