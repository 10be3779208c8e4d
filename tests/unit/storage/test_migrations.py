from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Connection, Engine, MetaData, inspect, text
from sqlalchemy.types import TypeEngine

import shared.storage.migrations
from shared.errors import SettingsError
from shared.storage import keys
from shared.storage.chat import conversations
from shared.storage.database.engine import Database, open_database
from shared.storage.database.postgresql import postgresql_engine
from shared.storage.database.sqlite import sqlite_engine
from shared.storage.migrations.upgrade import upgrade
from shared.storage.monitoring import alerts, sentiment
from shared.storage.tables.every import METADATA
from shared.storage.training import files, jobs, models
from tests.unit.storage.builders import a_file, a_job, an_observation
from tests.unit.storage.startup import start


def engine_of(url: str) -> Engine:
    return postgresql_engine(url) if url.startswith("postgresql") else sqlite_engine(url)


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(shared.storage.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _fill(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Insert rows as they lay in the tables: JSON as text, truth as 0 and 1."""
    metadata = MetaData()
    metadata.reflect(connection)
    for name, table_rows in rows.items():
        columns = metadata.tables[name].columns
        for row in table_rows:
            values = {key: _native(columns[key].type, value) for key, value in row.items()}
            connection.execute(metadata.tables[name].insert().values(values))


def _native(kind: TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, JSON) and value is not None:
        return json.loads(value)
    return bool(value) if isinstance(kind, Boolean) else value


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

    def test_what_the_first_release_stored_is_still_there(self, empty_database_url: str) -> None:
        engine = engine_of(empty_database_url)
        with engine.begin() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            _fill(connection, json.loads((Path(__file__).parent / "release_0001.json").read_text(encoding="utf-8")))
        engine.dispose()
        with open_database(empty_database_url) as database, database.transaction() as session:
            assert keys.find(session, keys.hash_key("parley-secret")) is not None
            assert jobs.get(session, "ftjob-1").spec.training_file == files.get(session, "file-1").id
            assert models.production(session, "nlu") == "ft:minilm:parley::1"
            assert [turn.user for turn in conversations.latest_words(session, "conv_1", 5)] == ["Where is my order?"]
            assert sentiment.window(session, "chat", 0.0, 100.0) == (1, 1)
            assert sentiment.observe(session, [an_observation("turn_1")], now=2000.0) == []
            assert [alert.evidence for alert in alerts.firing(session)] == [["turn_1"]]
            jobs.add(session, a_job("ftjob-2"))

    def test_a_database_of_a_newer_version_is_left_alone(self, database: Database, database_url: str) -> None:
        with database.transaction() as session:
            before = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SettingsError, match="newer Parley"), open_database(database_url):
            pass
        with database.transaction() as session:
            session.connection().execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
