"""Fetches what is due, one source at a time a thread, and passes its documents on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from services.monitoring.connectors import feeds, json_items
from services.monitoring.connectors.items import document_of
from shared.contracts.streams import DocumentsReceived, FeedSource, JsonSource, Source, StreamDocument
from shared.errors import InvalidInput, ParleyError, Unavailable, reason_of
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.outbound.client import OutboundClient, OutboundResponse
from shared.retrying import Backoff
from shared.storage import documents, stream_sources, streams
from shared.storage.engine import Database
from shared.storage.stream_tables import StreamSource
from shared.telemetry import logs

#: Seconds that one answer may take, and its bytes.
_TIMEOUT = 20.0
_MAX_BYTES = 10 * 1024 * 1024
_MAX_PAGES = 20
_REDIRECTS = 5
#: Seconds after which another process takes a source whose fetcher died.
_LEASE = 600.0
_PER_MESSAGE = 32
_PAUSES = Backoff(first=60.0, longest=3600.0)
_NOT_MODIFIED = 304
_SETTING: TypeAdapter[FeedSource | JsonSource] = TypeAdapter(Source)

_log = logs.get(__name__)


@dataclass(slots=True)
class _Fetched:
    """What a fetch brought."""

    cursor: Mapping[str, Any]
    items: list[Mapping[str, object]] = field(default_factory=list)


class SourceFetcher:
    """Fetches sources. Thread-safe: several threads share one.

    Args:
        database: Holds the sources.
        publisher: Takes the documents.
        client: Judges every address, those of redirects too.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, publisher: Publisher, client: OutboundClient, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._client = client
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
        with self._database.reading() as session:
            zone = ZoneInfo(streams.get(session, source.stream).spec.time_zone)
        found = self._feed(setting, source.cursor) if isinstance(setting, FeedSource) else self._json(setting)
        now = self._clock()
        read = [document_of(item, setting.name, zone, now) for item in found.items]
        told = {one.id: one for one in reversed(read) if one is not None}
        with self._database.reading() as session:
            known = documents.known(session, source.stream, sorted(told))
        new = [one for one in told.values() if one.id not in known]
        self._publisher.publish([envelope(message) for message in _messages(source.stream, new, now)])
        with self._database.transaction() as session:
            stream_sources.succeeded(
                session,
                source,
                cursor=found.cursor,
                documents=len(new),
                refused=sum(one is None for one in read),
                now=now,
                due_at=now + setting.every_seconds,
            )

    def _feed(self, setting: FeedSource, cursor: Mapping[str, Any]) -> _Fetched:
        asked = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
        reply = self._get(setting.url, {name: value for name, value in asked.items() if value})
        if reply.status == _NOT_MODIFIED:
            return _Fetched(cursor)
        seen = {"etag": reply.headers.get("etag", "")[:500], "modified": reply.headers.get("last-modified", "")[:100]}
        return _Fetched(seen, list(feeds.items_of(reply.body, reply.headers.get("content-type", ""))))

    def _json(self, setting: JsonSource) -> _Fetched:
        found, url = _Fetched({}), setting.url
        for _ in range(_MAX_PAGES):
            document = json_items.parsed(self._get(url, {}).body)
            found.items += json_items.items_of(document, setting.items, setting.fields)
            onward = json_items.at(document, setting.next) if setting.next else None
            if not isinstance(onward, str) or not onward:
                break
            url = urljoin(url, onward)
        return found

    def _get(self, url: str, headers: Mapping[str, str]) -> OutboundResponse:
        sent = {"User-Agent": "Parley", "Accept-Encoding": "identity", **headers}
        reply = self._client.send(
            "GET", url, headers=sent, timeout=_TIMEOUT, max_bytes=_MAX_BYTES, redirects=_REDIRECTS, plain_http=True
        )
        if reply.truncated:
            raise InvalidInput(f"What came is longer than {_MAX_BYTES} bytes.")
        if reply.status not in (200, _NOT_MODIFIED):
            raise Unavailable(f"The server answered {reply.status}.")
        return reply

    def _note(self, source: StreamSource, problem: str) -> None:
        due_at = self._clock() + _PAUSES.pause(source.failures)
        with self._database.transaction() as session:
            stream_sources.failed(session, source, problem, due_at=due_at)
        _log.warning("source cannot be fetched", stream=source.stream, source=source.name, reason=problem)


def _messages(stream: str, found: list[StreamDocument], now: float) -> Iterator[DocumentsReceived]:
    for start in range(0, len(found), _PER_MESSAGE):
        yield DocumentsReceived(stream=stream, documents=tuple(found[start : start + _PER_MESSAGE]), received_at=now)
