"""What the database and the store know: catalogs, their changes, and their models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import catalog_deployment
from shared.storage.database.engine import Database
from shared.storage.knowledge import catalogs
from shared.storage.knowledge.catalogs import Seen
from shared.storage.tables.catalogs import CatalogEvent, CatalogItem
from shared.storage.training import models
from shared.tasks.recommendation.reader import RecommendingReader
from shared.tasks.recommendation.record import EventRow, ItemRow

#: Rows read at once.
_PAGE = 5_000

#: Events of somebody that are looked at: the last ones.
_LAST = 300


class Standing(NamedTuple):
    """Where a catalog stands.

    Attributes:
        version: Grows with each change.
        epoch: Grows when something was taken away for good.
        model: In production for it.
    """

    version: int
    epoch: int
    model: str | None


@dataclass(frozen=True, slots=True)
class CatalogRepository:
    """Reads catalogs.

    Attributes:
        database: Has them.
        store: Has the bundles of models.
        cache: Local folder for bundles of a remote store.
        threads: Texts that a model reads side by side.
    """

    database: Database
    store: ArtifactStore
    cache: Path
    threads: int

    def standing(self, catalog_id: str) -> Standing:
        """Where a catalog stands now.

        Raises:
            NotFound: There is no such catalog.
            Unavailable: The database is away.
        """
        with self.database.reading() as session:
            version, epoch = catalogs.standing(session, catalog_id)
            return Standing(version, epoch, models.production(session, catalog_deployment(catalog_id)))

    def events_of(self, catalog_id: str, who: str) -> list[EventRow]:
        """What somebody did, oldest first; of one who has opted out, nothing."""
        with self.database.reading() as session:
            if catalogs.opted_out(session, catalog_id, [who]):
                return []
            return [event_row(row) for row in catalogs.events_of(session, catalog_id, who, limit=_LAST)]

    def changed(self, catalog_id: str, since: Seen, limit: int) -> int:
        """How many items changed after what was seen, counted up to a limit."""
        with self.database.reading() as session:
            return len(catalogs.changed_items(session, catalog_id, since, limit))

    def items(self, catalog_id: str, since: Seen) -> Iterator[tuple[list[ItemRow], list[str], Seen]]:
        """Pages of items that changed after what was seen: those there are, ids of those that are gone, and how far that is."""
        while True:
            with self.database.reading() as session:
                rows = catalogs.changed_items(session, catalog_id, since, _PAGE)
            if not rows:
                return
            since = (rows[-1].version, rows[-1].item_id)
            yield (
                [item_row(row) for row in rows if not row.deleted],
                [row.item_id for row in rows if row.deleted],
                since,
            )
            if len(rows) < _PAGE:
                return

    def events(self, catalog_id: str, since: Seen) -> Iterator[tuple[list[EventRow], Seen]]:
        """Pages of events that came in after what was seen, and how far that is."""
        while True:
            with self.database.reading() as session:
                rows = catalogs.changed_events(session, catalog_id, since, _PAGE)
            if not rows:
                return
            since = (rows[-1].version, rows[-1].event_id)
            yield [event_row(row) for row in rows], since
            if len(rows) < _PAGE:
                return

    def model(self, model_id: str) -> RecommendingReader:
        """Load a model.

        Raises:
            BrokenArtifact: Its bundle was damaged.
            Unavailable: The store is away.
        """
        bundle = Bundle.open(self.store.fetch_folder(model_key(model_id), self.cache))
        return RecommendingReader.from_bundle(bundle, threads=self.threads)


def item_row(row: CatalogItem) -> ItemRow:
    """A stored item as a record."""
    return ItemRow(**catalogs.item_values(row))


def event_row(row: CatalogEvent) -> EventRow:
    """A stored event as a record."""
    return EventRow(**catalogs.event_values(row))
