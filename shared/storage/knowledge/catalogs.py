"""Catalogs and their items. A change takes the next version of its catalog; readers go on from the last one that they saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import TextClause, delete, func, or_, text, tuple_, update
from sqlmodel import Session, col, select

from shared.errors import AlreadyExists, NotFound
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.database.statements import is_postgresql, values
from shared.storage.database.texts import json_rows
from shared.storage.tables.catalogs import Catalog, CatalogEvent, CatalogItem, CatalogOptOut
from shared.storage.tables.core import Row

_ITEM_KEY = ("catalog_id", "item_id")
_EVENT_KEY = ("catalog_id", "event_id")

#: Ids that one statement names.
_NAMED = 500


def add(session: Session, catalog: Catalog) -> Catalog:
    """Store a catalog.

    Raises:
        AlreadyExists: There is one of this id.
    """
    if session.get(Catalog, catalog.id) is not None:
        raise AlreadyExists(f"There is a catalog {catalog.id!r} already; choose another id.", param="id")
    session.add(catalog)
    session.flush()
    return catalog


def get(session: Session, catalog_id: str) -> Catalog:
    """A catalog.

    Raises:
        NotFound: There is none of this id.
    """
    found = session.get(Catalog, catalog_id)
    if found is None:
        raise NotFound(f"No catalog {catalog_id!r}; POST /v1/catalogs makes one.", param="catalog")
    return found


def standing(session: Session, catalog_id: str) -> tuple[int, int]:
    """Version and epoch of a catalog, read for every question.

    Raises:
        NotFound: There is none of this id.
    """
    found = session.exec(select(Catalog.version, Catalog.epoch).where(col(Catalog.id) == catalog_id)).one_or_none()
    if found is None:
        raise NotFound(f"No catalog {catalog_id!r}; POST /v1/catalogs makes one.", param="catalog")
    return found


def page(session: Session, *, after: str | None = None, limit: int = 20, order: Order = "desc") -> Page[Catalog]:
    """Catalogs, newest first."""
    return read_page(session, Catalog, keys=("created_at", "id"), after=after, limit=limit, order=order)


def with_rule(session: Session) -> list[Catalog]:
    """Those whose model is trained again by itself."""
    rules = (Catalog.retrain_seconds, Catalog.retrain_events, Catalog.retrain_drift)
    return list(session.exec(select(Catalog).where(or_(*(col(rule).is_not(None) for rule in rules)))))


def note_training(session: Session, catalog_id: str) -> None:
    """Note that a model of the present version has been ordered."""
    session.exec(update(Catalog).where(col(Catalog.id) == catalog_id).values(trained_version=Catalog.version))


def new_events(session: Session, catalog: Catalog, most: int) -> int:
    """How many events came in since a model was last ordered, counted up to ``most``."""
    mine = (col(CatalogEvent.catalog_id) == catalog.id, col(CatalogEvent.version) > catalog.trained_version)
    some = select(CatalogEvent.event_id).where(*mine).limit(most).subquery()
    return int(session.exec(select(func.count()).select_from(some)).one())


def unseen_share(session: Session, catalog: Catalog, most: int) -> float:
    """Of the newest of these events, ``most`` of them, the share that is about items of which no event had come in before."""
    mine, version = col(CatalogEvent.catalog_id) == catalog.id, col(CatalogEvent.version)
    new = select(CatalogEvent.item_id).where(mine, version > catalog.trained_version).order_by(version.desc())
    told = Counter(session.exec(new.limit(most)))
    names, known = sorted(told), set[str]()
    for start in range(0, len(names), _NAMED):
        named = col(CatalogEvent.item_id).in_(names[start : start + _NAMED])
        before = select(CatalogEvent.item_id).where(mine, named, version <= catalog.trained_version).distinct()
        known.update(session.exec(before))
    return sum(count for name, count in told.items() if name not in known) / max(told.total(), 1)


def remove(session: Session, catalog_id: str) -> None:
    """Delete a catalog with all that is in it.

    Raises:
        NotFound: There is none of this id.
    """
    get(session, catalog_id)
    for table in (CatalogOptOut, CatalogEvent, CatalogItem):
        session.exec(delete(table).where(col(table.catalog_id) == catalog_id))
    session.exec(delete(Catalog).where(col(Catalog.id) == catalog_id))


def advance(session: Session, catalog_id: str, *, anew: bool = False) -> int:
    """The version that changes of this transaction have; others wait until it ends.

    Args:
        session: The open transaction.
        catalog_id: Of the catalog.
        anew: Whether something is taken away, so that readers have to begin again.

    Raises:
        NotFound: There is no such catalog.
    """
    changed = {"version": Catalog.version + 1} | ({"epoch": Catalog.epoch + 1} if anew else {})
    statement = update(Catalog).where(col(Catalog.id) == catalog_id).values(changed).returning(col(Catalog.version))
    version = session.exec(statement).scalar_one_or_none()
    if version is None:
        raise NotFound(f"No catalog {catalog_id!r}; POST /v1/catalogs makes one.", param="catalog")
    return int(version)


def put_items(session: Session, rows: Sequence[CatalogItem]) -> None:
    """Store items; one of an id that is there takes its place."""
    _write(session, rows, _ITEM_KEY, replacing=True)


def item(session: Session, catalog_id: str, item_id: str) -> CatalogItem:
    """An item.

    Raises:
        NotFound: There is none of this id.
    """
    found = session.get(CatalogItem, (catalog_id, item_id))
    if found is None or found.deleted:
        raise NotFound(f"No item {item_id!r} in the catalog {catalog_id!r}.", param="item_id")
    return found


def items(session: Session, catalog_id: str, *, after: str = "", limit: int = 100) -> list[CatalogItem]:
    """Items by their ids, from the one behind ``after`` on."""
    mine = (col(CatalogItem.catalog_id) == catalog_id, col(CatalogItem.item_id) > after)
    statement = select(CatalogItem).where(*mine, col(CatalogItem.deleted).is_(False))
    return list(session.exec(statement.order_by(col(CatalogItem.item_id)).limit(limit)))


def item_count(session: Session, catalog_id: str) -> int:
    """How many items there are."""
    mine = (col(CatalogItem.catalog_id) == catalog_id, col(CatalogItem.deleted).is_(False))
    return int(session.exec(select(func.count()).select_from(CatalogItem).where(*mine)).one())


Seen = tuple[int, str]
"""How far somebody has read: the version and the id of the last row."""

NOTHING_SEEN: Seen = (-1, "")


def changed_items(session: Session, catalog_id: str, since: Seen, limit: int) -> list[CatalogItem]:
    """Items, deleted ones too, that changed after what was seen, in the order of their changes."""
    here = tuple_(col(CatalogItem.version), col(CatalogItem.item_id)) > tuple_(*since)
    mine = (col(CatalogItem.catalog_id) == catalog_id, here)
    order = (col(CatalogItem.version), col(CatalogItem.item_id))
    return list(session.exec(select(CatalogItem).where(*mine).order_by(*order).limit(limit)))


def remove_item(session: Session, catalog_id: str, item_id: str, version: int, now: float) -> None:
    """Take an item out; what people did with it stays theirs.

    Raises:
        NotFound: There is none of this id.
    """
    item(session, catalog_id, item_id)
    emptied: dict[str, Any] = {
        "text": "",
        "title": None,
        "categories": [],
        "price": None,
        "meta": {},
        "available": False,
    }
    mine = (col(CatalogItem.catalog_id) == catalog_id, col(CatalogItem.item_id) == item_id)
    session.exec(
        update(CatalogItem).where(*mine).values({**emptied, "deleted": True, "version": version, "updated_at": now})
    )


def add_events(session: Session, rows: Sequence[CatalogEvent]) -> int:
    """Store events; one that is there already changes nothing. Returns how many are new."""
    return _write(session, rows, _EVENT_KEY, replacing=False)


def events_of(session: Session, catalog_id: str, who: str, *, limit: int | None = None) -> list[CatalogEvent]:
    """What somebody did, oldest first; with a limit, the last so many."""
    mine = (col(CatalogEvent.catalog_id) == catalog_id, col(CatalogEvent.who) == who)
    statement = (
        select(CatalogEvent).where(*mine).order_by(col(CatalogEvent.at).desc(), col(CatalogEvent.event_id).desc())
    )
    return list(session.exec(statement if limit is None else statement.limit(limit)))[::-1]


def changed_events(session: Session, catalog_id: str, since: Seen, limit: int) -> list[CatalogEvent]:
    """Events that came in after what was seen, in the order in which they came."""
    here = tuple_(col(CatalogEvent.version), col(CatalogEvent.event_id)) > tuple_(*since)
    mine = (col(CatalogEvent.catalog_id) == catalog_id, here)
    order = (col(CatalogEvent.version), col(CatalogEvent.event_id))
    return list(session.exec(select(CatalogEvent).where(*mine).order_by(*order).limit(limit)))


def forget(session: Session, catalog_id: str, who: str) -> int:
    """Delete what somebody did. Returns how many events that were."""
    mine = (col(CatalogEvent.catalog_id) == catalog_id, col(CatalogEvent.who) == who)
    return session.exec(delete(CatalogEvent).where(*mine)).rowcount


def set_opt_out(session: Session, catalog_id: str, who: str, now: float, *, out: bool) -> None:
    """Note that nothing of somebody is to be kept, or that it may be again; a second time changes nothing."""
    found = session.get(CatalogOptOut, (catalog_id, who))
    if out and found is None:
        session.add(CatalogOptOut(catalog_id=catalog_id, who=who, created_at=now))
    if not out and found is not None:
        session.delete(found)
    session.flush()


def opted_out(session: Session, catalog_id: str, people: Sequence[str]) -> set[str]:
    """Those of some people of whom nothing is to be kept."""
    found: set[str] = set()
    for start in range(0, len(people), _NAMED):
        mine = (col(CatalogOptOut.catalog_id) == catalog_id, col(CatalogOptOut.who).in_(people[start : start + _NAMED]))
        found |= set(session.exec(select(CatalogOptOut.who).where(*mine)))
    return found


def _write(session: Session, rows: Sequence[Row], key: tuple[str, ...], *, replacing: bool) -> int:
    if not rows:
        return 0
    statement = _upsert(type(rows[0]), key, replacing=replacing, postgres=is_postgresql(session))
    return session.connection().execute(statement, {"rows": json_rows([values(row) for row in rows])}).rowcount


@cache
def _upsert(table: type[Row], key: tuple[str, ...], *, replacing: bool, postgres: bool) -> TextClause:
    """One statement with one parameter, however many rows; see ``statements.insert_rows``."""
    name, columns = table.__tablename__, tuple(table.model_fields)
    if postgres:
        chosen: Sequence[str] = columns
        source = f"json_populate_recordset(NULL::{name}, CAST(:rows AS json))"
    else:
        chosen = [f"json_extract(value, '$.{column}')" for column in columns]
        source = "json_each(:rows) WHERE true"
    kept = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    then = f"UPDATE SET {kept}" if replacing else "NOTHING"
    # Every name in it is one of ours.
    return text(
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM {source} "  # noqa: S608
        f"ON CONFLICT ({', '.join(key)}) DO {then}"
    )


def item_values(row: CatalogItem) -> dict[str, Any]:
    """An item as a record of its catalog: the fields of ``ItemRow``."""
    return {
        "item_id": row.item_id,
        "text": row.text,
        "title": row.title,
        "categories": tuple(row.categories),
        "price": row.price,
        "available": row.available,
        "meta": row.meta,
    }


def event_values(row: CatalogEvent) -> dict[str, Any]:
    """An event as a record of its catalog: the fields of ``EventRow``."""
    kind, _, name = row.who.partition(":")
    return {
        "item_id": row.item_id,
        "type": row.type,
        "timestamp": row.at,
        "event_id": row.event_id,
        "user_id": name if kind == "u" else None,
        "session_id": name if kind == "s" else None,
        "value": row.value,
    }


def items_named(session: Session, catalog_id: str, item_ids: Sequence[str]) -> list[CatalogItem]:
    """Those of some items that are there."""
    found: list[CatalogItem] = []
    for start in range(0, len(item_ids), _NAMED):
        mine = (
            col(CatalogItem.catalog_id) == catalog_id,
            col(CatalogItem.item_id).in_(item_ids[start : start + _NAMED]),
        )
        found += session.exec(select(CatalogItem).where(*mine, col(CatalogItem.deleted).is_(False)))
    return found


def change(session: Session, catalog_id: str, *, name: str | None, **rules: float | None) -> Catalog:
    """Change a catalog; what is ``None`` stays, and a rule of 0 is none.

    Raises:
        NotFound: There is none of this id.
    """
    get(session, catalog_id)
    changed: dict[str, Any] = {} if name is None else {"name": name}
    changed |= {rule: value or None for rule, value in rules.items() if value is not None}
    if changed:
        session.exec(update(Catalog).where(col(Catalog.id) == catalog_id).values(changed))
    session.expire_all()
    return get(session, catalog_id)
