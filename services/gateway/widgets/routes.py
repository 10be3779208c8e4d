"""``/v1/widgets``: which pages may have a widget, and what it looks like."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path

from services.gateway.http.access.auth import AdminCaller
from services.gateway.http.bodies.schemas import Deleted, EmptyRequest, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from services.gateway.widgets.schemas import PutWidget, WidgetObject
from shared.errors import InvalidInput
from shared.outbound.signing import new_secret
from shared.storage.chat import widgets
from shared.storage.tables.widgets import Widget

router = resource("Widgets")

#: Widgets that there may be.
MAX_WIDGETS = 100

WidgetId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="As you call it: a-z, 0-9, - and _.")]


@router.put("/widgets/{widget_id}")
def put(widget_id: WidgetId, body: PutWidget, state: State, caller: AdminCaller) -> WidgetObject:
    """Declare a widget, or change it: the origins whose pages may have it, and what it looks like."""
    now = state.clock()
    given: dict[str, Any] = body.model_dump() | {"origins": list(dict.fromkeys(body.origins))}
    with state.database.transaction() as session:
        if widgets.find(session, widget_id) is not None:
            shown = _object(widgets.change(session, widget_id, given, now))
        elif len(widgets.page(session, limit=MAX_WIDGETS).items) >= MAX_WIDGETS:
            raise InvalidInput(f"There are {MAX_WIDGETS} widgets already; delete one.", code="too_many_widgets")
        else:
            new = Widget(
                id=widget_id, created_at=now, updated_at=now, key_id=caller.key_id, secret=new_secret(), **given
            )
            shown = _object(widgets.add(session, new))
    state.visitors.forget()
    return shown


@router.get("/widgets")
def list_widgets(state: State, _caller: AdminCaller, after: After = None, limit: Limit = 20) -> Listing[WidgetObject]:
    """Widgets, newest first."""
    with state.database.reading() as session:
        page = widgets.page(session, after=after, limit=limit)
    return Listing[WidgetObject].of([_object(one) for one in page.items], has_more=page.has_more)


@router.get("/widgets/{widget_id}")
def retrieve(widget_id: WidgetId, state: State, _caller: AdminCaller) -> WidgetObject:
    """One widget."""
    with state.database.reading() as session:
        return _object(widgets.get(session, widget_id))


@router.post("/widgets/{widget_id}/end_sessions")
def end_sessions(
    widget_id: WidgetId, state: State, _caller: AdminCaller, _body: EmptyRequest | None = None
) -> WidgetObject:
    """Make every token of a widget worthless, by a new secret; visitors begin new conversations."""
    with state.database.transaction() as session:
        shown = _object(widgets.change(session, widget_id, {"secret": new_secret()}, state.clock()))
    state.visitors.forget()
    return shown


@router.delete("/widgets/{widget_id}")
def delete(widget_id: WidgetId, state: State, _caller: AdminCaller) -> Deleted:
    """Delete a widget, and with it every token that it gave. Conversations stay."""
    with state.database.transaction() as session:
        widgets.delete(session, widget_id)
    state.visitors.forget()
    return Deleted(id=widget_id, object="widget.deleted")


def _object(widget: Widget) -> WidgetObject:
    shown = {name: getattr(widget, name) for name in WidgetObject.model_fields if name not in ("object", "created_at")}
    return WidgetObject(**shown | {"created_at": int(widget.created_at), "updated_at": int(widget.updated_at)})
