"""Feeds over real HTTP: what is fetched, what is refused, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path

import pytest

from services.monitoring.connectors.fetched import Reach
from services.monitoring.connectors.fetching import SourceFetcher
from shared.contracts.monitoring.streams import DocumentsReceived, FeedSource, JsonSource, StreamSpec
from shared.messaging.connect import connect
from shared.messaging.topology import Queues
from shared.outbound.client import OutboundClient
from shared.storage.database.engine import open_database
from shared.storage.monitoring import stream_sources, streams
from shared.storage.tables.streams import StreamSource
from tests.http_server import served

NOW = 1_795_867_200.0
ITEM = "<item><guid>{0}</guid><title>headline {0}</title><pubDate>Fri, 27 Nov 2026 09:00:0{0} GMT</pubDate></item>"
FEED = f"<rss version='2.0'><channel><title>wire</title>{''.join(ITEM.format(n) for n in range(3))}</channel></rss>"


class Server(BaseHTTPRequestHandler):
    """A publisher with its moods."""

    def do_GET(self) -> None:
        answers = {
            "/feed": (200, FEED.encode(), {"ETag": '"one"'}),
            "/broken": (200, b"<html>sorry</html>", {}),
            "/inside": (302, b"", {"Location": "http://10.0.0.1/secret"}),
            "/huge": (200, b" " * (11 * 1024 * 1024), {}),
            "/page1": (200, b'{"rows": [{"id": "a", "text": "one", "published_at": 1795700000}], "next": "page2"}', {}),
            "/page2": (200, b'{"rows": [{"id": "b", "text": "two", "published_at": 1795700001}, {"id": "c"}]}', {}),
        }
        status, body, headers = answers.get(self.path, (503, b"", {}))
        if self.headers.get("If-None-Match") == headers.get("ETag", "none"):
            status, body = 304, b""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the reader has had enough


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(Server) as url:
        yield url


def reach() -> Reach:
    opened = [ip_network("127.0.0.0/8")]
    return Reach(OutboundClient(opened), None, {})


def test_every_source_tells_how_it_goes_and_holds_up_no_other(address: str, tmp_path: Path) -> None:
    names = ("feed", "broken", "inside", "huge", "busy")
    spec = StreamSpec(
        sources=(
            *(FeedSource(name=name, url=f"{address}/{name}") for name in names),
            FeedSource(name="private", url="http://10.0.0.1/feed"),
            JsonSource(name="pages", url=f"{address}/page1", items="rows", next="next"),
        )
    )
    now = [NOW]
    with (
        open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database,
        connect(f"memory://{tmp_path.name}") as bus,
        bus.publisher() as publisher,
        bus.subscribe(Queues.DOCUMENTS, 100) as documents,
    ):
        with database.transaction() as session:
            streams.put(session, "news", spec, key_id="k", now=NOW)
            stream_sources.declare(session, "news", spec.sources, NOW)
        fetcher = SourceFetcher(database, publisher, reach(), lambda: now[0])

        def told() -> dict[str, StreamSource]:
            with database.reading() as session:
                return {row.name: row for row in stream_sources.all_of(session, "news")}

        fetcher.fetch_due()
        received = [delivery.decode().message for delivery in documents.receive(100, 1.0)]
        found = [one.id for message in received if isinstance(message, DocumentsReceived) for one in message.documents]
        assert sorted(found) == ["0", "1", "2", "a", "b"]
        rows = told()
        assert {name: row.state for name, row in rows.items()} == {"feed": "fine", "pages": "fine"} | dict.fromkeys(
            ("broken", "inside", "huge", "busy", "private"), "failing"
        )
        assert "no feed" in str(rows["broken"].problem)
        assert "503" in str(rows["busy"].problem)
        assert "longer" in str(rows["huge"].problem)
        assert (rows["pages"].documents, rows["pages"].refused) == (2, 1)
        assert rows["feed"].due_at == NOW + 300
        now[0] += 301
        fetcher.fetch_due()
        again = told()
        assert (again["feed"].documents, again["feed"].fetched_at) == (3, NOW + 301)
        assert (again["busy"].failures, again["busy"].due_at) == (2, NOW + 301 + 120)
