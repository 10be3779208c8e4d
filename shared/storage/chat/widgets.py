"""Web widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.tables.widgets import Widget


def find(session: Session, widget_id: str) -> Widget | None:
    """The widget, if there is one."""
    return session.exec(select(Widget).where(col(Widget.id) == widget_id)).one_or_none()


def get(session: Session, widget_id: str) -> Widget:
    """The widget.

    Raises:
        NotFound: There is none of that id.
    """
    found = find(session, widget_id)
    if found is None:
        raise _missing(widget_id)
    return found


def page(session: Session, *, after: str | None = None, limit: int = 20) -> Page[Widget]:
    """Widgets, newest first."""
    return read_page(session, Widget, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def add(session: Session, widget: Widget) -> Widget:
    """Store a new one.

    Raises:
        AlreadyExists: There is one of that id.
    """
    session.add(widget)
    session.flush()
    return widget


def change(session: Session, widget_id: str, changes: Mapping[str, Any], now: float) -> Widget:
    """Set some columns.

    Raises:
        NotFound: There is none of that id.
    """
    session.exec(update(Widget).where(col(Widget.id) == widget_id).values({**changes, "updated_at": now}))
    session.expire_all()
    return get(session, widget_id)


def delete(session: Session, widget_id: str) -> None:
    """Forget one, and with it every token that it signed; what was said through it stays.

    Raises:
        NotFound: There is none of that id.
    """
    if session.exec(delete_from(Widget).where(col(Widget.id) == widget_id)).rowcount == 0:
        raise _missing(widget_id)


def _missing(widget_id: str) -> NotFound:
    return NotFound(f"No widget {widget_id!r}.", param="widget_id")
