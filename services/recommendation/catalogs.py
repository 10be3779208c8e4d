"""The catalogs that are kept ready, each in step with the database whenever it is asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import NamedTuple

from services.recommendation.live_catalog import LiveCatalog
from services.recommendation.person import NOBODY, People, Person, person
from services.recommendation.repository import CatalogRepository, Standing
from shared.errors import ParleyError, Unavailable, reason_of
from shared.storage.knowledge.catalogs import NOTHING_SEEN, Seen
from shared.tasks.recommendation.neighbours import Floats
from shared.tasks.recommendation.reader import RecommendingReader
from shared.tasks.recommendation.record import ItemRow
from shared.telemetry import logs, metrics

_log = logs.get(__name__)

#: Changed items that a question waits for; more are read in the background while what is known is offered.
_FEW = 200


class _Page(NamedTuple):
    """Items that changed, read."""

    items: list[ItemRow]
    gone: list[str]
    vectors: Floats
    seen: Seen


class Ready(NamedTuple):
    """A catalog that answers.

    Attributes:
        live: In step with the database.
        person: Who somebody is, ``None`` being nobody.
    """

    live: LiveCatalog
    person: Callable[[str | None], Person]


@dataclass(slots=True)
class _Entry:
    """One catalog.

    Attributes:
        live: What is served; ``None`` until it has been read.
        items: How far items were read.
        events: How far events were.
        version: Of the catalog, when both were read to their end.
        loading: The next one, while it is read.
        wanted: Epoch and model of that one.
        reading: Many changed items, while they are read.
        people: Who asked lately, in step with the events that were read.
    """

    live: LiveCatalog | None = None
    items: Seen = NOTHING_SEEN
    events: Seen = NOTHING_SEEN
    version: int = -1
    loading: Future[_Entry] | None = None
    wanted: tuple[int, str | None] = (-1, None)
    reading: Future[list[_Page]] | None = None
    people: People = field(default_factory=People)


class Catalogs:
    """Catalogs in memory. Safe for use from several threads: one asks at a time.

    Args:
        repository: Reads them.
        capacity: How many are kept.
    """

    def __init__(self, repository: CatalogRepository, capacity: int) -> None:
        self._repository = repository
        self._capacity = capacity
        self._lock = RLock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="catalog-loader")
        self._failure: str | None = None

    @contextmanager
    def ready(self, catalog_id: str) -> Iterator[Ready]:
        """A catalog in step with the database.

        Raises:
            NotFound: There is no such catalog.
            Unavailable: It is being read for the first time, or the database is away.
        """
        standing = self._repository.standing(catalog_id)
        with self._lock:
            entry = self._entry(catalog_id)
            self._swap(catalog_id, entry)
            self._order(catalog_id, entry, standing)
            if entry.live is None:
                raise Unavailable(f"the catalog {catalog_id} is being read; send the request again in a second")
            if entry.version < standing.version:
                self._catch_up(catalog_id, entry, entry.live, standing.version)
            entry.live.keep_index(self._loader.submit)
            people = entry.people if entry.live.epoch == standing.epoch else None
            yield Ready(entry.live, lambda who: self._person(catalog_id, who, people))

    def prepare(self, catalog_id: str) -> None:
        """Read a catalog, or what is new in it, before it is asked for."""
        try:
            with self.ready(catalog_id):
                pass
        except ParleyError as error:
            _log.debug("catalog is not ready yet", catalog=catalog_id, reason=error.message)

    def problem(self) -> str | None:
        """What keeps a catalog from being read, for readiness."""
        return self._failure

    def close(self) -> None:
        """Forget all of them."""
        self._loader.shutdown(cancel_futures=True)
        with self._lock:
            for entry in self._entries.values():
                if entry.live is not None:
                    entry.live.close()

    def _person(self, catalog_id: str, who: str | None, people: People | None) -> Person:
        """Somebody; where something was taken away since the catalog was read, nothing that is remembered holds."""
        if who is None:
            return NOBODY
        found = None if people is None else people.get(who)
        if found is None:
            found = person(self._repository.events_of(catalog_id, who))
            if people is not None:
                people.keep(who, found)
        return found

    def _entry(self, catalog_id: str) -> _Entry:
        entry = self._entries.setdefault(catalog_id, _Entry())
        self._entries.move_to_end(catalog_id)
        while len(self._entries) > self._capacity:
            _, oldest = self._entries.popitem(last=False)
            if oldest.live is not None:
                oldest.live.close()
        return entry

    def _order(self, catalog_id: str, entry: _Entry, standing: Standing) -> None:
        """Have it read anew in the background, if its model is another one or something was taken away."""
        wanted = (standing.epoch, standing.model)
        here = None if entry.live is None else (entry.live.epoch, entry.live.model_id)
        if wanted == here or (entry.loading is not None and entry.wanted == wanted):
            return
        entry.wanted = wanted
        entry.loading = self._loader.submit(self._read, catalog_id, standing)

    def _read(self, catalog_id: str, standing: Standing) -> _Entry:
        reader: RecommendingReader | None = None
        if standing.model is not None:
            reader = self._repository.model(standing.model)
        live = LiveCatalog(standing.epoch, reader)
        entry = _Entry(live)
        for page in self._pages(catalog_id, live, NOTHING_SEEN):
            self._put(entry, live, page)
        self._count(catalog_id, entry, live)
        entry.version = standing.version
        return entry

    def _swap(self, catalog_id: str, entry: _Entry) -> None:
        """Put what has been read in the place of what was served."""
        if entry.loading is None or not entry.loading.done():
            return
        loading, entry.loading = entry.loading, None
        try:
            read = loading.result()
        except Exception as error:  # whatever it is, the catalog before goes on being served
            self._failure = f"the catalog {catalog_id} cannot be read: {reason_of(error)}"
            _log.error("catalog cannot be read; what was served stays", catalog=catalog_id, reason=reason_of(error))
            if entry.live is None:
                raise
            return
        self._failure = None
        before = entry.live
        entry.live, entry.items, entry.events, entry.version = read.live, read.items, read.events, read.version
        entry.reading, entry.people = None, read.people
        if before is not None:
            before.close()
            metrics.MODEL_SWAPS.labels("recommendation").inc()
        _log.info("catalog is ready", catalog=catalog_id, model=read.live.model_id if read.live else None)

    def _catch_up(self, catalog_id: str, entry: _Entry, live: LiveCatalog, version: int) -> None:
        """Few changed items at once; many are read beside the questions, and put in place when they are."""
        self._count(catalog_id, entry, live)
        if entry.reading is None:
            if self._repository.changed(catalog_id, entry.items, _FEW + 1) > _FEW:
                entry.reading = self._loader.submit(lambda since: [*self._pages(catalog_id, live, since)], entry.items)
                return
            for page in self._pages(catalog_id, live, entry.items):
                self._put(entry, live, page)
            # What came in since is seen by the next question: its version is higher.
            entry.version = version
        elif entry.reading.done():
            reading, entry.reading = entry.reading, None
            for page in reading.result():
                self._put(entry, live, page)

    def _pages(self, catalog_id: str, live: LiveCatalog, since: Seen) -> Iterator[_Page]:
        for items, gone, seen in self._repository.items(catalog_id, since):
            yield _Page(items, gone, live.vectors(items), seen)

    def _put(self, entry: _Entry, live: LiveCatalog, page: _Page) -> None:
        live.put(page.items, page.vectors, page.gone)
        entry.items = page.seen

    def _count(self, catalog_id: str, entry: _Entry, live: LiveCatalog) -> None:
        for events, seen in self._repository.events(catalog_id, entry.events):
            live.count(events)
            entry.people.changed(events)
            entry.events = seen
