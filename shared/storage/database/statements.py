"""Statements that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from shared.storage.database.texts import json_rows
from shared.storage.tables.core import Row

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
        write_rows(session, type(rows[0]), [values(row) for row in rows])


def insert_new(session: Session, rows: Sequence[Row], *, returning: str) -> list[Any]:
    """Insert those rows of one table whose keys are not there yet; ``returning`` is a column of theirs."""
    if not rows:
        return []
    ending = f"ON CONFLICT DO NOTHING RETURNING {returning}"
    return list(write_rows(session, type(rows[0]), [values(row) for row in rows], ending).scalars())


def add_up(
    session: Session, table: type[Row], rows: Sequence[Mapping[str, Any]], *, keys: Sequence[str], added: Sequence[str]
) -> None:
    """Insert rows; where one has the keys of a row that is there, what is ``added`` is added to that row."""
    if rows:
        name = table.__tablename__
        sums = ", ".join(f"{column} = {name}.{column} + excluded.{column}" for column in added)
        write_rows(session, table, rows, f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}")


def write_rows(
    session: Session, table: type[Row], rows: Sequence[Mapping[str, Any]], ending: str = ""
) -> CursorResult[Any]:
    """Insert rows with every column, as ``insert_rows`` does; ``ending``, of our own names alone, says what happens on a conflict."""
    statement = _insert_from_json(table, ending, postgres=is_postgresql(session))
    return session.connection().execute(statement, {"rows": json_rows(rows)})


@cache
def _insert_from_json(table: type[Row], ending: str = "", *, postgres: bool) -> TextClause:
    name, columns = table.__tablename__, tuple(table.model_fields)
    if postgres:
        chosen, source = columns, f"json_populate_recordset(NULL::{name}, CAST(:rows AS json))"
    else:
        chosen, source = tuple(f"json_extract(value, '$.{column}')" for column in columns), "json_each(:rows)"
    if ending:  # without a WHERE, SQLite takes ON for the beginning of a join
        ending = f" WHERE true {ending}"
    # Every name in it is one of ours.
    return text(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM {source}{ending}")  # noqa: S608


def ids_among(session: Session, column: str) -> str:
    """A condition in SQL: ``column``, one of our own names, is among the parameter ``ids``, a JSON list of texts.

    However many they are, the statement stays the same: to compose one with a place for each would cost more than to run it.
    """
    each = "json_array_elements_text(CAST(:ids AS json))" if is_postgresql(session) else "json_each(:ids)"
    return f"{column} IN (SELECT value FROM {each})"  # noqa: S608  # names of ours


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
