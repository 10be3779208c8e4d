"""What only a server can do: be away, be restarted under us, and catch two transactions in each other's way."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from shared.errors import Conflict, SettingsError, StorageFull, Unavailable
from shared.storage.database import postgresql
from shared.storage.database.clock import compare_clocks
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import sentiment
from shared.storage.training import files, jobs
from tests import infrastructure
from tests.integration.proxy import proxied
from tests.unit.storage.builders import a_file, a_job, an_observation, at_once


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql://user@host:port/name",
        "postgresql://user@127.0.0.1/name?sslmode=require",
        "postgresql://user@127.0.0.1/name?connect_timeout=3",
    ],
)
def test_a_wrong_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_DATABASE_URL"), open_database(url):
        pass


@pytest.mark.parametrize(("ahead", "warned"), [(0.0, False), (40.0, True), (-40.0, True)])
def test_clocks_that_differ_are_told(database: Database, ahead: float, warned: bool) -> None:
    with capture_logs() as entries, database.reading() as session:
        compare_clocks(session.connection(), lambda: time.time() + ahead)
    assert [entry["seconds_ahead"] for entry in entries] == ([pytest.approx(ahead, abs=2)] if warned else [])


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


def test_a_connection_that_is_reset_while_it_commits_means_unavailable(database_url: str) -> None:
    with resetting(database_url) as (url, reset), open_database(url) as database:

        def ask_and_be_reset() -> None:
            with database.reading() as session:
                session.connection().execute(text("SELECT 1"))
                reset()

        with pytest.raises(Unavailable):
            ask_and_be_reset()
        with database.reading() as session:
            assert session.connection().execute(text("SELECT 1")).scalar_one() == 1


def test_large_statements_do_not_wait_for_an_acknowledgement(database: Database) -> None:
    with database.reading() as session:
        connection: Any = session.connection().connection.dbapi_connection
        assert connection._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@contextmanager
def resetting(url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """The database behind a network that, once told so, breaks off (RST) instead of passing on what is sent next."""
    parts, broken, over = urlsplit(url), threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                threading.Thread(target=forward, args=(client,), daemon=True).start()

    def forward(client: socket.socket) -> None:
        with client, socket.create_connection((parts.hostname or "", parts.port or 5432)) as server:
            while not over.is_set():
                for source in select.select([client, server], [], [], 0.05)[0]:
                    received = source.recv(65536)
                    if source is client and broken.is_set():
                        broken.clear()
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    if not received:
                        return
                    (server if source is client else client).sendall(received)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl(), broken.set
        finally:
            over.set()
            thread.join()


def test_connections_that_died_while_idle_are_not_noticed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "TRUST_SECONDS", 0.0)  # as if they had been idle for longer
    at_once(4, lambda number: _add(database, number))
    with database.transaction() as session:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        session.connection().execute(text(f"{others} AND pid <> pg_backend_pid()"))
    at_once(4, lambda number: _add(database, number + 4))
    with database.reading() as session:
        assert len(files.page(session).items) == 8


def test_an_outage_is_one_line_in_the_log_that_says_what_happens_next(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as entries, proxied(empty_database_url) as network, open_database(network.url) as database:
        at_once(8, lambda number: _add(database, number))
        network.deafen()
        for _ in range(3):
            with pytest.raises(Unavailable):
                _add(database, 8)
        network.listen()
        at_once(8, lambda number: _add(database, number + 8))
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING] == []
    told = [entry for entry in entries if entry["log_level"] != "info" and "clocks" not in entry["event"]]
    assert [entry["log_level"] for entry in told] == ["warning"], (
        told
    )  # of a machine that is late with everything, its clock is told too
    assert "others are made as soon as the database answers" in told[0]["event"]


def test_a_pool_does_not_tell_of_the_outage_of_another(empty_database_url: str) -> None:
    with open_database(empty_database_url), proxied(empty_database_url) as network, open_database(network.url) as ours:
        at_once(4, lambda number: _add(ours, number))
        network.deafen()
        with capture_logs() as entries, pytest.raises(Unavailable):
            _add(ours, 4)
    assert len([entry for entry in entries if "broke" in entry["event"]]) == 1


def test_a_server_that_begins_to_refuse_us_is_told_with_the_reason(empty_database_url: str) -> None:
    role = f"parley_test_{uuid4().hex}"
    parts = urlsplit(empty_database_url)
    ours = parts._replace(netloc=f"{role}:{role}@{parts.hostname}:{parts.port or 5432}").geturl()
    with open_database(empty_database_url) as admin:
        _administer(admin, f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{role}'")
        try:
            with capture_logs() as entries, open_database(ours) as refused:
                _administer(admin, f"ALTER ROLE {role} NOLOGIN")
                _administer(
                    admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role", role=role
                )
                for _ in range(3):
                    with pytest.raises(Unavailable):
                        _add(refused, 0)
                _administer(admin, f"ALTER ROLE {role} LOGIN")
                _add(refused, 0)
        finally:
            _administer(admin, f"DROP ROLE {role}")
    (told,) = (entry for entry in entries if "refuses connections" in entry["event"])
    assert "not permitted to log in" in told["reason"]


def _administer(database: Database, statement: str, **parameters: str) -> None:
    with database.transaction() as session:
        session.connection().execute(text(statement), parameters)


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


def test_a_claim_does_not_wait_for_another(database: Database) -> None:
    with database.transaction() as session:
        for number in range(2):
            jobs.add(session, a_job(f"ftjob-{number}", created_at=float(number)))
    with database.transaction() as first, database.transaction() as second:
        claims = [jobs.claim(session, token="mine", now=9.0, lease_seconds=1.0) for session in (first, second)]
    assert [job.id for job in claims if job is not None] == ["ftjob-0", "ftjob-1"]


def test_texts_are_written_in_one_order_so_that_nobody_dies_in_a_deadlock(database: Database) -> None:
    """The other transaction has to wait for ``m``; had it written ``z`` before, both would wait for each other."""
    with ThreadPoolExecutor(1) as pool, database.transaction() as session:
        sentiment.observe(session, [an_observation("m")], now=0.0)
        other = pool.submit(_observe, database, "z", "a", "m")
        while not _somebody_waits(database):
            time.sleep(0.01)
        sentiment.observe(session, [an_observation("z")], now=0.0)
        session.commit()
        assert other.result(timeout=30) == ["a"]


def _observe(database: Database, *ids: str) -> list[str]:
    with database.transaction() as session:
        return [item.id for item in sentiment.observe(session, [an_observation(text_id) for text_id in ids], now=0.0)]


def _somebody_waits(database: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.reading() as session:
        return bool(session.connection().execute(text(waiting)).scalar_one())


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


def test_a_disk_without_room_is_told_as_such(database: Database) -> None:
    """What the server says then, said by the server."""
    full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(StorageFull, match="disk of the database is full"), database.transaction() as session:
        session.connection().execute(text(full))


def test_who_cannot_connect_is_told_why_and_not_the_password(empty_database_url: str) -> None:
    there = urlsplit(empty_database_url)
    unknown = there._replace(path="/nowhere").geturl()
    with pytest.raises(SettingsError, match='database "nowhere" does not exist'), open_database(unknown):
        pass
    nobody = there._replace(netloc=f"{there.username}:hunter2@127.0.0.1:{infrastructure.free_port()}").geturl()
    with pytest.raises(Unavailable, match="Connection refused") as told, open_database(nobody):
        pass
    assert "hunter2" not in str(told.value)


def test_connections_to_what_only_reads_are_given_up_so_that_others_find_what_writes(empty_database_url: str) -> None:
    """As after a fail-over, when the server behind our connections has become a standby."""
    with open_database(empty_database_url) as database:
        with database.transaction() as session:
            session.connection().execute(text("SET default_transaction_read_only = on"))
        with database.reading() as session:
            assert files.page(session).items == []
        with capture_logs() as entries, pytest.raises(Unavailable):
            _add(database, 0)
        _add(database, 0)
    (entry,) = (entry for entry in entries if entry["log_level"] == "warning")
    assert "read-only" in entry["reason"]
