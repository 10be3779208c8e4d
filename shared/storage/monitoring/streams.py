"""Streams as they were declared."""

from __future__ import annotations

from sqlalchemy import delete as delete_rows
from sqlmodel import Session, col, select

from shared.contracts.monitoring.streams import StreamSpec
from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert
from shared.storage.monitoring import reanalyses
from shared.storage.tables.platform import RefusedItem
from shared.storage.tables.streams import (
    Document,
    DocumentMention,
    Stream,
    StreamSource,
    TextBand,
    TrendBucket,
)

_UNDECLARED = StreamSpec()


def put(session: Session, name: str, spec: StreamSpec, *, key_id: str, now: float) -> Stream:
    """Declare a stream, or declare it anew."""
    statement = insert(session, Stream).values(id=name, created_at=now, updated_at=now, spec=spec, key_id=key_id)
    replaced = {column: statement.excluded[column] for column in ("updated_at", "spec", "key_id")}
    session.exec(statement.on_conflict_do_update(index_elements=["id"], set_=replaced))
    return get(session, name)


def get(session: Session, name: str) -> Stream:
    """A stream.

    Raises:
        NotFound: Nobody has declared it.
    """
    found = session.exec(
        select(Stream).where(col(Stream.id) == name).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"No stream {name!r}; PUT /v1/streams/{name} declares it.", param="stream")
    return found


def spec_of(session: Session, name: str) -> StreamSpec:
    """What is declared of a stream; the defaults of one that needs no declaration, such as ``chat``."""
    found = session.get(Stream, name)
    return _UNDECLARED if found is None else found.spec


def page(session: Session, *, after: str | None = None, limit: int = 100) -> Page[Stream]:
    """Streams by name."""
    return read_page(session, Stream, keys=("id",), after=after, limit=limit, order="asc")


def all(session: Session) -> list[Stream]:  # noqa: A001  # read as streams.all
    """Every declared stream, by name."""
    return list(session.exec(select(Stream).order_by(col(Stream.id))))


def delete(session: Session, name: str) -> None:
    """Forget a stream with its documents and counts.

    Raises:
        NotFound: Nobody has declared it.
    """
    if session.exec(delete_rows(Stream).where(col(Stream.id) == name)).rowcount == 0:
        get(session, name)
    reanalyses.remove_all(session, name)
    for table in (StreamSource, RefusedItem, Document, DocumentMention, TextBand, TrendBucket):
        session.exec(delete_rows(table).where(col(table.stream) == name))
