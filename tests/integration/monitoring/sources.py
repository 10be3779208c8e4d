"""A stream with sources, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from services.monitoring.connectors.fetched import Reach
from services.monitoring.connectors.fetching import SourceFetcher
from shared.contracts.monitoring.streams import AnySource, DocumentsReceived, StreamDocument, StreamSpec
from shared.messaging.bus import Subscription
from shared.messaging.connect import connect
from shared.messaging.topology import Queues
from shared.outbound.client import OutboundClient
from shared.settings import Login
from shared.storage.chat import refused_items
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import stream_sources, streams
from shared.storage.tables.platform import RefusedItem
from shared.storage.tables.streams import StreamSource

NOW = 1_795_867_200.0


class Fetching:
    """A stream ``news`` with one source, fetched by the test's own clock."""

    def __init__(
        self, database: Database, fetcher: SourceFetcher, documents: Subscription, now: list[float], every: int
    ) -> None:
        self.database = database
        self.now = now
        self._fetcher = fetcher
        self._documents = documents
        self._every = every

    def fetch(self) -> list[StreamDocument]:
        """The documents that the next fetch passes on."""
        self._fetcher.fetch_due()
        self.now[0] += max(self._every, 10) + 1
        received = self._documents.receive(200, 0.05)
        self._documents.settle(received)
        messages = [delivery.decode().message for delivery in received]
        return [one for message in messages if isinstance(message, DocumentsReceived) for one in message.documents]

    def state(self) -> StreamSource:
        """How it goes."""
        with self.database.reading() as session:
            (row,) = stream_sources.all_of(session, "news")
        return row

    def refused(self) -> list[RefusedItem]:
        """Its dead letters, oldest first."""
        with self.database.reading() as session:
            return refused_items.page(session, "news", self.state().name, limit=100).items[::-1]


@contextmanager
def fetching(
    folder: Path,
    source: AnySource,
    *,
    root: Path | None = None,
    logins: Mapping[str, Login] | None = None,
    opened: str = "127.0.0.0/8",
) -> Iterator[Fetching]:
    """Declare the source; its documents go to a bus in memory."""
    now, networks = [NOW], [ip_network(opened)]
    with (
        open_database(f"sqlite:///{folder / 'parley.db'}") as database,
        connect(f"memory://{folder}") as bus,
        bus.publisher() as publisher,
        bus.subscribe(Queues.DOCUMENTS, 1_000) as documents,
    ):
        with database.transaction() as session:
            streams.put(session, "news", StreamSpec(sources=(source,)), key_id="k", now=NOW)
            stream_sources.declare(session, "news", [source], NOW)
        reach = Reach(OutboundClient(networks), root, logins or {})
        fetcher = SourceFetcher(database, publisher, reach, lambda: now[0])
        yield Fetching(database, fetcher, documents, now, source.every_seconds)
