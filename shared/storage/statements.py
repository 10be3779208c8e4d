"""Statements that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from shared.storage.tables import Row
from shared.storage.texts import json_rows

RowT = TypeVar("RowT", bound=Row)


def insert(session: Session, table: type[Row]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Give it ``returning``: only then does SQLAlchemy send many rows in one statement instead of one by one.
    """
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


def insert_rows(session: Session, rows: Sequence[Row]) -> None:
    """Insert rows of one table, however many, in one statement that never changes, with one parameter.

    The database takes the rows out of a JSON document: a statement with a place for each value of each row would cost many
    times as much to compose and to bind.
    """
    if rows:
        statement = _insert_from_json(type(rows[0]), postgres=is_postgresql(session))
        session.connection().execute(statement, {"rows": json_rows([values(row) for row in rows])})


@cache
def _insert_from_json(table: type[Row], *, postgres: bool) -> TextClause:
    name, columns = table.__tablename__, tuple(table.model_fields)
    if postgres:
        chosen, source = columns, f"json_populate_recordset(NULL::{name}, CAST(:rows AS json))"
    else:
        chosen, source = tuple(f"json_extract(value, '$.{column}')" for column in columns), "json_each(:rows)"
    # Every name in it is one of ours.
    return text(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM {source}")  # noqa: S608


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
