"""Pages of a list, by keyset: the next page starts after a row, so rows that come and go meanwhile shift nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select

from shared.errors import InvalidInput
from shared.storage.tables import Row

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

    Raises:
        InvalidInput: There is no row ``after``.
    """
    columns = [col(getattr(table, key)) for key in keys]
    statement = select(table).where(*where).limit(limit + 1)
    statement = statement.order_by(*(column.desc() if order == "desc" else column.asc() for column in columns))
    if after is not None:
        place, here = tuple_(*columns), tuple_(*_values(session, table, keys, after))
        statement = statement.where(place < here if order == "desc" else place > here)
    rows = session.exec(statement).all()
    return Page(items=list(rows[:limit]), has_more=len(rows) > limit)


def _values(session: Session, table: type[RowT], keys: Sequence[str], after: str) -> list[Any]:
    row_id: Any = table.id  # type: ignore[attr-defined]  # every paged table has one
    row = session.exec(select(table).where(col(row_id) == after)).one_or_none()
    if row is None:
        raise InvalidInput(f"There is no {after!r} to continue after; take the id of the last item.", param="after")
    return [getattr(row, key) for key in keys]
