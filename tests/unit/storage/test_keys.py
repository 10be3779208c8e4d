from __future__ import annotations

import pytest

from shared.errors import AlreadyExists, NotFound
from shared.storage import keys
from shared.storage.database.engine import Database
from shared.storage.keys import hash_key

KEY = "pk-0123456789abcdef"


class TestKeys:
    def test_a_key_is_found_by_its_hash_and_not_kept(self, database: Database) -> None:
        with database.transaction() as session:
            keys.add(session, "laptop", "train", KEY, now=1.5, requests_per_minute=60)
        with database.reading() as session:
            found = keys.find(session, hash_key(KEY))
            assert keys.find(session, KEY) is None
        assert found is not None
        assert (found.name, found.role, found.hint, found.requests_per_minute) == ("laptop", "train", "cdef", 60)
        assert KEY not in repr(found)

    def test_a_revoked_key_is_not_found_but_listed(self, database: Database) -> None:
        with database.transaction() as session:
            row = keys.add(session, "laptop", "chat", KEY, now=1.5)
            keys.revoke(session, row.id, 2.5)
        with database.transaction() as session:
            assert keys.revoke(session, row.id, 3.5).revoked_at == 2.5
            assert keys.find(session, hash_key(KEY)) is None
            assert [item.id for item in keys.all(session)] == [row.id]

    def test_an_unknown_key_cannot_be_revoked(self, database: Database) -> None:
        with pytest.raises(NotFound), database.transaction() as session:
            keys.revoke(session, "key_none", 1.0)

    def test_a_key_is_stored_once(self, database: Database) -> None:
        with database.transaction() as session:
            keys.add(session, "laptop", "chat", KEY, now=1.5)
        with pytest.raises(AlreadyExists), database.transaction() as session:
            keys.add(session, "again", "admin", KEY, now=2.5)
