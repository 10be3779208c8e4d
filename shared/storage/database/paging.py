"""Pages of a list, by keyset: the next page starts after a row, so rows that come and go meanwhile shift nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select

from shared.errors import InvalidInput
from shared.storage.tables.core import Row

RowT = TypeVar("RowT", bound=Row)
Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Some rows of a list, and whether there are more after them."""

    items: list[RowT]
    has_more: bool


def read_page(
    session: Session,
    table: type[RowT],
    *where: ColumnElement[bool],
    keys: Sequence[str],
    after: str | None,
    limit: int,
    order: Order,
    before: str | None = None,
    named: str = "id",
    within: Sequence[ColumnElement[bool]] = (),
) -> Page[RowT]:
    """The rows that match ``where``, sorted by ``keys``.

    Args:
        session: The open transaction.
        table: What to read.
        where: Conditions, joined by *and*.
        keys: Column names that sort the rows without ties; an index should hold them.
        after: The id of the last row of the page before.
        limit: Rows on a page, at least 1.
        order: ``desc`` is newest first.
        before: The id of the first row of the page after: the rows that lie just before it, in the same order.
        named: The column that ``after`` and ``before`` name a row by.
        within: Where such a name is unique, if it is not so in the whole table.

    Raises:
        InvalidInput: There is no row ``after`` or ``before``, or both are given.
    """
    if before is not None:
        if after is not None:
            raise InvalidInput("Give one of 'after' and 'before'.", param="before")
        turned: Order = "asc" if order == "desc" else "desc"
        page = read_page(
            session, table, *where, keys=keys, after=before, limit=limit, order=turned, named=named, within=within
        )
        return Page(items=page.items[::-1], has_more=page.has_more)
    columns = [col(getattr(table, key)) for key in keys]
    statement = select(table).where(*where).limit(limit + 1)
    statement = statement.order_by(*(column.desc() if order == "desc" else column.asc() for column in columns))
    if after is not None:
        place, here = tuple_(*columns), tuple_(*_values(session, table, keys, after, named, within))
        statement = statement.where(place < here if order == "desc" else place > here)
    rows = session.exec(statement).all()
    return Page(items=list(rows[:limit]), has_more=len(rows) > limit)


def _values(
    session: Session,
    table: type[RowT],
    keys: Sequence[str],
    after: str,
    named: str,
    within: Sequence[ColumnElement[bool]],
) -> list[Any]:
    row = session.exec(select(table).where(col(getattr(table, named)) == after, *within)).one_or_none()
    if row is None:
        raise InvalidInput(f"There is no {after!r} to continue after; take the id of the last item.", param="after")
    return [getattr(row, key) for key in keys]
