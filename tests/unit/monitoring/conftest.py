from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.storage.database.engine import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database:
        yield database
