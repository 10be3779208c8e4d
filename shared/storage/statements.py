"""Statements that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from shared.storage.tables import Row

RowT = TypeVar("RowT", bound=Row)


def insert(session: Session, table: type[Row]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Give it ``returning``: only then does SQLAlchemy send many rows in one statement instead of one by one.
    """
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


def values(row: Row) -> dict[str, Any]:
    """The columns of a row that was just made as the parameters of an INSERT."""
    fields = row.__dict__  # past SQLAlchemy's attributes, which watch every access
    return {name: fields[name] for name in type(row).model_fields}


def lock_table(session: Session, table: type[Row]) -> None:
    """Let no other transaction write ``table`` until this one ends; readers go on.

    SQLite needs no statement: its writing transactions exclude one another from their beginning.
    """
    if is_postgresql(session):
        session.connection().execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def is_postgresql(session: Session) -> bool:
    """Whether the session talks to PostgreSQL; else it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"
