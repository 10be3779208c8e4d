"""Sources of streams: what is due, who fetches it, how far it came and how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from shared.contracts.monitoring.streams import AnySource
from shared.storage.tables.platform import RefusedItem
from shared.storage.tables.streams import StreamSource


def declare(session: Session, stream: str, sources: Sequence[AnySource], now: float) -> None:
    """Keep what is declared; one whose setting changed begins anew, one that is no longer declared goes."""
    settings = {source.name: source.model_dump(mode="json") for source in sources}
    present = {row.name: row for row in all_of(session, stream)}
    for name, row in present.items():
        if settings.get(name) != row.setting:
            session.exec(delete(StreamSource).where(*_is(stream, name)))
            session.exec(delete(RefusedItem).where(col(RefusedItem.stream) == stream, col(RefusedItem.source) == name))
    for name, setting in settings.items():
        if name not in present or present[name].setting != setting:
            session.add(StreamSource(stream=stream, name=name, setting=setting, state="new", due_at=now))
    session.flush()


def all_of(session: Session, stream: str) -> list[StreamSource]:
    """The sources of a stream, by name."""
    return list(
        session.exec(select(StreamSource).where(col(StreamSource.stream) == stream).order_by(col(StreamSource.name)))
    )


def states(session: Session) -> dict[str, int]:
    """How many sources there are of each state."""
    counted = select(StreamSource.state, func.count()).group_by(StreamSource.state)
    return dict(session.exec(counted).all())


def everywhere(session: Session, limit: int = 200) -> list[StreamSource]:
    """The sources of all streams; those that fail come first."""
    by_trouble = col(StreamSource.failures).desc(), col(StreamSource.stream), col(StreamSource.name)
    return list(session.exec(select(StreamSource).order_by(*by_trouble).limit(limit)))


def claim(session: Session, now: float, until: float) -> StreamSource | None:
    """Take a source that is due; nobody else takes it before ``until``. ``None`` if there is none."""
    due = select(StreamSource).where(col(StreamSource.due_at) <= now).order_by(col(StreamSource.due_at)).limit(5)
    for row in session.exec(due):
        mine = update(StreamSource).where(*_is(row.stream, row.name), col(StreamSource.due_at) == row.due_at)
        if session.exec(mine.values(due_at=until).execution_options(synchronize_session=False)).rowcount == 1:
            return row
    return None


def succeeded(
    session: Session,
    source: StreamSource,
    *,
    cursor: Mapping[str, Any],
    documents: int,
    refused: int,
    now: float,
    due_at: float,
) -> None:
    """Note what a fetch brought, unless the source was declared anew meanwhile."""
    values = {
        "cursor": dict(cursor),
        "state": "fine",
        "problem": None,
        "failures": 0,
        "due_at": due_at,
        "fetched_at": now,
        "documents": col(StreamSource.documents) + documents,
        "refused": col(StreamSource.refused) + refused,
    }
    session.exec(update(StreamSource).where(*_is(source.stream, source.name)).values(**values))


def failed(session: Session, source: StreamSource, problem: str, *, due_at: float) -> None:
    """Note why a fetch brought nothing."""
    values = {
        "state": "failing",
        "problem": problem[:500],
        "failures": col(StreamSource.failures) + 1,
        "due_at": due_at,
    }
    session.exec(update(StreamSource).where(*_is(source.stream, source.name)).values(**values))


def _is(stream: str, name: str) -> tuple[Any, Any]:
    return col(StreamSource.stream) == stream, col(StreamSource.name) == name
