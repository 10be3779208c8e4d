"""One PostgreSQL database for all tests here, emptied after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from shared.storage.database.engine import Database, open_database
from shared.storage.tables.every import METADATA
from tests import infrastructure


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with infrastructure.database_url() as url:
        yield url


@pytest.fixture
def empty_database_url() -> Iterator[str]:
    with infrastructure.database_url() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(database_url: str) -> Iterator[Database]:
    with open_database(database_url) as database:
        yield database


@pytest.fixture
def database(migrated: Database) -> Iterator[Database]:
    yield migrated
    with migrated.transaction() as session:
        session.connection().execute(text(f"TRUNCATE {', '.join(METADATA.tables)} CASCADE"))
