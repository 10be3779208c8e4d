"""Rows of a body as rows of the database: a later line of the same id takes the place of an earlier one, and a repeated event is one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shared.storage.database.engine import Database
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import CatalogEvent, CatalogItem
from shared.tasks.recommendation.record import EventRow, ItemRow

MAX_LINES = 10_000
"""Of one call."""


def put_items(database: Database, catalog_id: str, items: Sequence[ItemRow], now: float) -> None:
    """Store items for good.

    Raises:
        NotFound: There is no such catalog.
    """
    last = {item.item_id: item for item in items}
    with database.transaction() as session:
        version = catalogs.advance(session, catalog_id)
        catalogs.put_items(session, [_item(catalog_id, last[key], version, now) for key in sorted(last)])


def add_events(database: Database, catalog_id: str, events: Sequence[EventRow]) -> tuple[int, int]:
    """Store events for good. Returns how many are new, and how many were ignored since their people have opted out.

    Raises:
        NotFound: There is no such catalog.
    """
    with database.transaction() as session:
        version = catalogs.advance(session, catalog_id)
        out = catalogs.opted_out(session, catalog_id, sorted({event.who for event in events}))
        kept = {(row := _event(catalog_id, event, version)).event_id: row for event in events if event.who not in out}
        new = catalogs.add_events(session, [kept[key] for key in sorted(kept)])
    return new, sum(event.who in out for event in events)


def _item(catalog_id: str, item: ItemRow, version: int, now: float) -> CatalogItem:
    return CatalogItem(
        catalog_id=catalog_id,
        item_id=item.item_id,
        text=item.text,
        title=item.title,
        categories=list(item.categories),
        price=item.price,
        available=item.available,
        meta=dict(item.meta),
        updated_at=now,
        version=version,
    )


def _event(catalog_id: str, event: EventRow, version: int) -> CatalogEvent:
    return CatalogEvent(
        catalog_id=catalog_id,
        event_id=event.event_id or _own_id(event),
        who=event.who,
        item_id=event.item_id,
        type=event.type,
        value=event.value,
        at=event.timestamp,
        version=version,
    )


def _own_id(event: EventRow) -> str:
    """Of an event that the shop has no id for: told twice, it is the same."""
    told = f"{event.who}\n{event.item_id}\n{event.type}\n{event.timestamp!r}\n{event.value!r}"
    return "own-" + hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=15).hexdigest()
