from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

import shared.storage.migrations
from shared.errors import SettingsError
from shared.storage import files
from shared.storage.engine import Database, open_database
from shared.storage.migrations.upgrade import upgrade
from shared.storage.postgresql import postgresql_engine
from shared.storage.sqlite import sqlite_engine
from shared.storage.tables import METADATA
from tests.unit.storage.builders import a_file
from tests.unit.storage.startup import start


def engine_of(url: str) -> Engine:
    return postgresql_engine(url) if url.startswith("postgresql") else sqlite_engine(url)


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(shared.storage.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


class TestMigrations:
    def test_the_revisions_make_the_tables_of_the_code(self, database: Database) -> None:
        with database.transaction() as session:
            connection = session.connection()
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    def test_down_and_up_again(self, empty_database_url: str) -> None:
        engine = engine_of(empty_database_url)
        with engine.begin() as connection:
            upgrade(connection)
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            assert inspect(connection).get_table_names() == ["alembic_version"]
        with engine.begin() as connection:
            upgrade(connection)
            assert len(inspect(connection).get_table_names()) == len(METADATA.tables) + 1
        engine.dispose()

    def test_four_processes_may_start_at_once(self, empty_database_url: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([start.__module__])
        together = context.Barrier(4)
        starting = [context.Process(target=start, args=(empty_database_url, together)) for _ in range(4)]
        for process in starting:
            process.start()
        for process in starting:
            process.join(timeout=120)
        assert [process.exitcode for process in starting] == [0, 0, 0, 0]
        with open_database(empty_database_url) as database, database.transaction() as session:
            files.add(session, a_file("file-1"))

    def test_a_database_of_a_newer_version_is_left_alone(self, database: Database, database_url: str) -> None:
        with database.transaction() as session:
            session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SettingsError, match="newer Parley"), open_database(database_url):
            pass
        with database.transaction() as session:
            session.connection().execute(text("UPDATE alembic_version SET version_num = '0001'"))
