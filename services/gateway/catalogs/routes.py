"""``/v1/catalogs``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from services.gateway.catalogs.ingest import MAX_LINES, add_events, put_items
from services.gateway.catalogs.people import event_rows, person_object
from services.gateway.catalogs.schemas import (
    CatalogObject,
    ChangeCatalog,
    CreateCatalog,
    Forgotten,
    ItemObject,
    OptOut,
    PersonObject,
    Written,
)
from services.gateway.http.access.auth import ChatCaller, TrainCaller
from services.gateway.http.bodies.ndjson import TYPES, read_lines
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.contracts.knowledge.recommendation import CatalogChanged
from shared.contracts.training.jobs import catalog_deployment
from shared.errors import InvalidInput
from shared.storage.database.engine import Session
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import Catalog, CatalogItem
from shared.storage.training import models
from shared.tasks.recommendation.record import MAX_ID, ItemRow, parse_event, parse_item

router = resource("Recommendation")

ItemId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]
UserId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]
IsSession = Annotated[bool, Query(description="Whether the id is that of a session.")]

_HOUR, _FEWEST = 3_600.0, 100
_LINES = {"requestBody": {"required": True, "content": {TYPES[0]: {"schema": {"type": "string"}}}}}


@router.post("/catalogs")
def create(body: CreateCatalog, state: State, caller: TrainCaller) -> CatalogObject:
    """Make a catalog."""
    with state.database.transaction() as session:
        row = Catalog(
            id=body.id,
            name=body.name or body.id,
            created_at=state.clock(),
            key_id=caller.key_id,
            retrain_seconds=body.retrain_seconds,
            retrain_events=body.retrain_events,
            retrain_drift=body.retrain_drift,
        )
        return _catalog(session, catalogs.add(session, row))


@router.get("/catalogs")
def list_catalogs(state: State, _caller: ChatCaller, after: After = None, limit: Limit = 20) -> Listing[CatalogObject]:
    """Catalogs, newest first."""
    with state.database.reading() as session:
        page = catalogs.page(session, after=after, limit=limit)
        return Listing.of([_catalog(session, row) for row in page.items], has_more=page.has_more)


@router.get("/catalogs/{catalog}")
def retrieve(catalog: str, state: State, _caller: ChatCaller) -> CatalogObject:
    """One catalog."""
    with state.database.reading() as session:
        return _catalog(session, catalogs.get(session, catalog))


@router.post("/catalogs/{catalog}")
def change(catalog: str, body: ChangeCatalog, state: State, _caller: TrainCaller) -> CatalogObject:
    """Change the name of a catalog, or when its model is trained again."""
    if body.retrain_seconds is not None and 0 < body.retrain_seconds < _HOUR:
        raise InvalidInput("Invalid 'retrain_seconds': 0, or at least 3600.", param="retrain_seconds")
    if body.retrain_events is not None and 0 < body.retrain_events < _FEWEST:
        raise InvalidInput(f"Invalid 'retrain_events': 0, or at least {_FEWEST}.", param="retrain_events")
    rules = body.model_dump(include={"retrain_seconds", "retrain_events", "retrain_drift"})
    with state.database.transaction() as session:
        row = catalogs.change(session, catalog, name=body.name, **rules)
        return _catalog(session, row)


@router.delete("/catalogs/{catalog}")
def delete(catalog: str, state: State, _caller: TrainCaller) -> Deleted:
    """Delete a catalog with its items, its events and all that is kept of people in it. Its models stay until they are deleted."""
    with state.database.transaction() as session:
        catalogs.remove(session, catalog)
    return Deleted(id=catalog, object="catalog")


@router.put("/catalogs/{catalog}/items", openapi_extra=_LINES)
async def write_items(catalog: str, request: Request, state: State, _caller: TrainCaller) -> Written:
    """Store items, up to 10,000 a call, as JSON Lines; one of an id that is there takes its place. They are offered at once."""
    lines = await read_lines(request, parse_item, MAX_LINES)
    items = [item for _, item in lines.rows]
    if items:
        await run_in_threadpool(put_items, state.database, catalog, items, state.clock())
        state.recommendations.announce(CatalogChanged(catalog=catalog))
    return Written(accepted=len(items), new=len(items), refused=lines.refused, faults=lines.faults)


@router.get("/catalogs/{catalog}/items")
def list_items(
    catalog: str, state: State, _caller: ChatCaller, after: After = None, limit: Limit = 20
) -> Listing[ItemObject]:
    """Items by their ids."""
    with state.database.reading() as session:
        catalogs.get(session, catalog)
        rows = catalogs.items(session, catalog, after=after or "", limit=limit + 1)
    return Listing.of([_item(row) for row in rows[:limit]], has_more=len(rows) > limit)


@router.get("/catalogs/{catalog}/items/{item_id:path}")
def retrieve_item(catalog: str, item_id: ItemId, state: State, _caller: ChatCaller) -> ItemObject:
    """One item."""
    with state.database.reading() as session:
        return _item(catalogs.item(session, catalog, item_id))


@router.delete("/catalogs/{catalog}/items/{item_id:path}")
def delete_item(catalog: str, item_id: ItemId, state: State, _caller: TrainCaller) -> Deleted:
    """Take an item out. What people did with it stays theirs."""
    with state.database.transaction() as session:
        version = catalogs.advance(session, catalog)
        catalogs.remove_item(session, catalog, item_id, version, state.clock())
    return Deleted(id=item_id, object="catalog.item")


@router.post("/catalogs/{catalog}/events", openapi_extra=_LINES)
async def write_events(catalog: str, request: Request, state: State, _caller: ChatCaller) -> Written:
    """Store what people did, up to 10,000 events a call, as JSON Lines; one that was told before counts once. The next answer knows of them."""
    lines = await read_lines(request, parse_event, MAX_LINES)
    events = [event for _, event in lines.rows]
    new, ignored = await run_in_threadpool(add_events, state.database, catalog, events) if events else (0, 0)
    accepted = len(events) - ignored
    return Written(accepted=accepted, new=new, ignored=ignored, refused=lines.refused, faults=lines.faults)


@router.get("/catalogs/{catalog}/users/{user_id:path}")
def export_user(
    catalog: str, user_id: UserId, state: State, _caller: TrainCaller, session_id: IsSession = False
) -> PersonObject:
    """All that is kept of somebody, and what is made of it."""
    who = _who(user_id, is_session=session_id)
    with state.database.reading() as session:
        catalogs.get(session, catalog)
        told = catalogs.events_of(session, catalog, who)
        rows = catalogs.items_named(session, catalog, sorted({row.item_id for row in event_rows(told)}))
        items = {row.item_id: ItemRow(**catalogs.item_values(row)) for row in rows}
        out = bool(catalogs.opted_out(session, catalog, [who]))
    return person_object(catalog, user_id, told, items, opted_out=out)


@router.post("/catalogs/{catalog}/users/{user_id:path}")
def opt_out(
    catalog: str, user_id: UserId, body: OptOut, state: State, _caller: TrainCaller, session_id: IsSession = False
) -> PersonObject:
    """Keep nothing more of somebody, and delete what there is; or keep it again from now on."""
    who = _who(user_id, is_session=session_id)
    with state.database.transaction() as session:
        catalogs.advance(session, catalog, anew=body.opted_out)
        catalogs.set_opt_out(session, catalog, who, state.clock(), out=body.opted_out)
        if body.opted_out:
            catalogs.forget(session, catalog, who)
    return export_user(catalog, user_id, state, _caller, session_id)


@router.delete("/catalogs/{catalog}/users/{user_id:path}")
def forget_user(
    catalog: str, user_id: UserId, state: State, _caller: TrainCaller, session_id: IsSession = False
) -> Forgotten:
    """Delete all that is kept of somebody. The next training knows nothing of it; a model in production is replaced by it."""
    who = _who(user_id, is_session=session_id)
    with state.database.transaction() as session:
        catalogs.advance(session, catalog, anew=True)
        catalogs.set_opt_out(session, catalog, who, state.clock(), out=False)
        count = catalogs.forget(session, catalog, who)
    return Forgotten(id=user_id, events=count)


def _who(user_id: str, *, is_session: bool) -> str:
    return f"{'s' if is_session else 'u'}:{user_id}"


def _catalog(session: Session, row: Catalog) -> CatalogObject:
    return CatalogObject(
        id=row.id,
        name=row.name,
        created_at=int(row.created_at),
        items=catalogs.item_count(session, row.id),
        model=models.production(session, catalog_deployment(row.id)),
        retrain_seconds=row.retrain_seconds,
        retrain_events=row.retrain_events,
        retrain_drift=row.retrain_drift,
    )


def _item(row: CatalogItem) -> ItemObject:
    return ItemObject(id=row.item_id, updated_at=int(row.updated_at), **catalogs.item_values(row))
