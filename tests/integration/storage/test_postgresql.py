"""What only a server can do: be away, be restarted under us, and catch two transactions in each other's way."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from shared.errors import Conflict, SettingsError, Unavailable
from shared.storage import files, postgresql
from shared.storage.engine import Database, open_database
from tests import infrastructure
from tests.unit.storage.builders import a_file, at_once


@pytest.mark.parametrize(
    "url", ["postgresql://", "postgresql://user@host:port/name", "postgresql://user@127.0.0.1/name?sslmode=require"]
)
def test_a_wrong_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_DATABASE_URL"), open_database(url):
        pass


def test_no_server_means_unavailable() -> None:
    nobody = f"postgresql://postgres@127.0.0.1:{infrastructure.free_port()}/postgres"
    with pytest.raises(Unavailable), open_database(nobody):
        pass


def test_a_connection_that_dies_in_use_is_replaced(database: Database) -> None:
    def die_halfway() -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
            session.connection().execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Unavailable):
        die_halfway()
    with database.transaction() as session:
        files.add(session, a_file("file-1"))


def test_connections_that_died_while_idle_are_not_noticed(database: Database) -> None:
    at_once(4, lambda number: _add(database, number))
    with database.transaction() as session:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        session.connection().execute(text(f"{others} AND pid <> pg_backend_pid()"))
    at_once(4, lambda number: _add(database, number + 4))
    with database.reading() as session:
        assert len(files.page(session).items) == 8


def _add(database: Database, number: int) -> None:
    with database.transaction() as session:
        files.add(session, a_file(f"file-{number}"))


def test_a_deadlock_is_a_conflict_for_one_and_nothing_for_the_other(database: Database) -> None:
    for number in range(2):
        _add(database, number)
    both_hold_one = threading.Barrier(2)

    def cross(number: int) -> str:
        statement = text("UPDATE files SET status = 'error' WHERE id = :id")
        try:
            with database.transaction() as session:
                session.connection().execute(statement, {"id": f"file-{number}"})
                both_hold_one.wait(timeout=30)
                session.connection().execute(statement, {"id": f"file-{1 - number}"})
        except Conflict:
            return "conflict"
        return "done"

    assert sorted(at_once(2, cross)) == ["conflict", "done"]


def test_a_statement_that_takes_too_long_is_given_up(database_url: str) -> None:
    engine = postgresql.postgresql_engine(database_url)

    def sleep() -> None:
        with Database(engine).transaction() as session:
            session.connection().execute(text("SET LOCAL statement_timeout = 50"))
            session.connection().execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(Unavailable):
        sleep()
    engine.dispose()


def test_the_limits_reach_the_server(database: Database) -> None:
    with database.reading() as session:
        shown = session.connection().execute(text("SHOW statement_timeout")).scalar_one()
        name = session.connection().execute(text("SHOW application_name")).scalar_one()
    assert (shown, name) == (f"{postgresql.STATEMENT_TIMEOUT:.0f}s", "parley")
