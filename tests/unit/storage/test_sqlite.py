from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from shared.errors import SettingsError, StorageFull, Unavailable
from shared.storage.database.engine import Database, open_database
from shared.storage.database.sqlite import WriterTurn, sqlite_engine
from shared.storage.training import files, jobs
from tests.unit.storage.builders import a_file, at_once


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://host/db", "parley.db", ""])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_DATABASE_URL"), open_database(url):
        pass


def test_missing_folders_are_made_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with open_database(f"sqlite:///{folder / 'parley.db'}"):
        assert folder.stat().st_mode & 0o077 == 0


def test_the_file_is_in_write_ahead_mode_and_keeps_references(database: Database, tmp_path: Path) -> None:
    assert (tmp_path / "parley.db-wal").exists()
    with pytest.raises(IntegrityError), database.transaction() as session:
        jobs.add_event(session, "ftjob-none", "info", "message", "lost", {}, 1.0)


def test_the_write_ahead_mode_is_asked_for_until_it_is_granted(tmp_path: Path) -> None:
    """A new file that others open at the same time: whoever cannot change its mode at once is no failed start."""
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    letting_go = threading.Timer(0.3, other.rollback)
    letting_go.start()
    with open_database(f"sqlite:///{tmp_path / 'new.db'}?timeout=0.01") as database:
        database.ping()
    letting_go.join()
    other.close()


def test_writers_of_several_processes_wait_for_each_other(database_url: str) -> None:
    """Each opens the file for itself, as processes do; all read before they write."""

    def write(number: int) -> None:
        with open_database(database_url) as own:
            for round_number in range(10):
                with own.transaction() as session:
                    files.page(session)
                    files.add(session, a_file(f"file-{number}-{round_number}"))

    at_once(4, write)
    with open_database(database_url) as database, database.reading() as session:
        assert len(files.page(session, limit=100).items) == 40


def test_a_lock_that_is_never_given_back_is_reported_as_unavailable(database: Database, tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "parley.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    impatient = sqlite_engine(f"sqlite:///{tmp_path / 'parley.db'}?timeout=0.1")
    with pytest.raises(Unavailable), Database(impatient).transaction() as session:
        files.add(session, a_file("file-1"))
    impatient.dispose()
    holder.close()
    with database.transaction() as session:
        files.add(session, a_file("file-1"))


def test_a_writer_that_never_gets_its_turn_is_told_so() -> None:
    turn = WriterTurn(timeout=0.05)
    with turn, pytest.raises(Unavailable, match="Other writers"):
        turn.__enter__()
    with turn:
        pass


def test_a_path_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "parley.db").mkdir()
    with pytest.raises(Unavailable), open_database(f"sqlite:///{tmp_path / 'parley.db'}"):
        pass


def test_a_disk_without_room_is_told_as_such_and_stores_nothing(database: Database) -> None:
    def fill() -> None:
        with database.transaction() as session:
            session.connection().exec_driver_sql("PRAGMA max_page_count = 1")  # no larger than it is now
            for number in range(1000):
                files.add(session, a_file(f"file-{number}"))

    with pytest.raises(StorageFull, match="disk of the database is full"):
        fill()
    with database.reading() as session:
        assert files.page(session).items == []


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    with (
        pytest.raises(SettingsError, match="cannot be made"),
        open_database(f"sqlite:///{tmp_path / 'occupied' / 'sub' / 'parley.db'}"),
    ):
        pass


def test_a_file_that_is_no_database_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "parley.db").write_text("a note to myself, as long as it is, and no database " * 100)
    with pytest.raises(SettingsError, match="file is not a database"), open_database(f"sqlite:///{tmp_path}/parley.db"):
        pass
