"""Stored completions."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, exists, func, update
from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.database.statements import insert, is_postgresql, values
from shared.storage.tables.completions import StoredCompletion


def add(session: Session, stored: StoredCompletion) -> None:
    """Keep one; a repeated request changes nothing."""
    session.exec(insert(session, StoredCompletion).values(values(stored)).on_conflict_do_nothing())


def get(session: Session, completion_id: str, key_id: str | None) -> StoredCompletion:
    """One of a key, or of any (``None``).

    Raises:
        NotFound: The key has none such.
    """
    stored = session.exec(select(StoredCompletion).where(*_one(completion_id, key_id))).one_or_none()
    if stored is None:
        raise _missing(completion_id)
    return stored


def page(
    session: Session,
    *,
    key_id: str | None,
    model: str | None = None,
    metadata: Mapping[str, str] | None = None,
    after: str | None = None,
    limit: int = 20,
    order: Order = "asc",
) -> Page[StoredCompletion]:
    """Those of a key, or of all; only of a model, only with all of these pairs."""
    pairs = ((col(StoredCompletion.key_id), key_id), (col(StoredCompletion.model), model))
    where = [column == value for column, value in pairs if value is not None]
    where += [_carries(session, key, value) for key, value in (metadata or {}).items()]
    return read_page(
        session, StoredCompletion, *where, keys=("created_at", "id"), after=after, limit=limit, order=order
    )


def change(session: Session, completion_id: str, key_id: str | None, metadata: Mapping[str, str]) -> StoredCompletion:
    """Replace the metadata.

    Raises:
        NotFound: The key has none such.
    """
    session.exec(update(StoredCompletion).where(*_one(completion_id, key_id)).values(user_metadata=dict(metadata)))
    session.expire_all()
    return get(session, completion_id, key_id)


def delete(session: Session, completion_id: str, key_id: str | None) -> None:
    """Forget one.

    Raises:
        NotFound: The key has none such.
    """
    if session.exec(delete_from(StoredCompletion).where(*_one(completion_id, key_id))).rowcount == 0:
        raise _missing(completion_id)


def _one(completion_id: str, key_id: str | None) -> list[ColumnElement[bool]]:
    mine = [] if key_id is None else [col(StoredCompletion.key_id) == key_id]
    return [col(StoredCompletion.id) == completion_id, *mine]


def _carries(session: Session, key: str, value: str) -> ColumnElement[bool]:
    spread = func.json_each_text if is_postgresql(session) else func.json_each
    pairs = spread(col(StoredCompletion.user_metadata)).table_valued("key", "value")
    return exists().where(pairs.c.key == key, pairs.c.value == value)


def _missing(completion_id: str) -> NotFound:
    return NotFound(f"No stored completion {completion_id!r}.", param="completion_id")
