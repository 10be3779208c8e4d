"""What is kept of somebody in a catalog, readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from services.gateway.catalogs.schemas import EventObject, PersonObject, Profile, Share
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import CatalogEvent
from shared.tasks.recommendation.histories import chosen, refused
from shared.tasks.recommendation.record import EventRow, ItemRow


def person_object(
    catalog_id: str, user_id: str, told: Sequence[CatalogEvent], items: Mapping[str, ItemRow], *, opted_out: bool
) -> PersonObject:
    """Everything of somebody.

    Args:
        catalog_id: Of the catalog.
        user_id: Who.
        told: All events, oldest first.
        items: Those that were chosen and are still there.
        opted_out: Whether nothing is to be kept.
    """
    rows = event_rows(told)
    kept = [row.item_id for row in chosen(rows, weak=True)]
    names = Counter(name for item_id in kept if item_id in items for name in items[item_id].categories)
    prices = [items[one].price for one in kept if one in items]
    paid = [price for price in prices if price is not None]
    return PersonObject(
        id=user_id,
        catalog=catalog_id,
        opted_out=opted_out,
        profile=Profile(
            chosen=kept,
            refused=sorted(refused(rows)),
            categories=[
                Share(name=name, share=round(count / names.total(), 4)) for name, count in names.most_common(20)
            ],
            usual_price=median(paid) if paid else None,
        ),
        events=[
            EventObject(event_id=one.event_id, item_id=one.item_id, type=one.type, value=one.value, timestamp=one.at)
            for one in told
        ],
    )


def event_rows(told: Sequence[CatalogEvent]) -> list[EventRow]:
    """Stored events as records."""
    return [EventRow(**catalogs.event_values(row)) for row in told]
