from __future__ import annotations

import pytest

from shared.errors import NotFound
from shared.storage.chat import bots
from shared.storage.database.engine import Database
from tests.unit.storage.builders import at_once


def apply(database: Database, source: str) -> int:
    with database.transaction() as session:
        version = bots.add(session, source, "key_1", 1000.5).version
    assert version is not None
    return version


class TestBots:
    def test_the_newest_version_is_active(self, database: Database) -> None:
        with database.reading() as session:
            assert bots.active(session) is None
        first, second = apply(database, "name: 你好"), apply(database, "name: b")
        with database.reading() as session:
            active = bots.active(session)
            assert bots.get(session, first).source == "name: 你好"
            assert [bot.version for bot in bots.all(session)] == [second, first]
        assert active is not None
        assert active.version == second

    def test_the_active_text_applied_again_makes_no_version(self, database: Database) -> None:
        assert len({apply(database, "name: a") for _ in range(3)}) == 1
        assert len(set(at_once(6, lambda _number: apply(database, "name: b")))) == 1

    def test_an_older_text_applied_again_becomes_active(self, database: Database) -> None:
        versions = [apply(database, source) for source in ("name: a", "name: b", "name: a")]
        assert sorted(set(versions)) == versions

    def test_an_unknown_version_is_not_found(self, database: Database) -> None:
        with database.reading() as session, pytest.raises(NotFound, match="version 7"):
            bots.get(session, 7)
