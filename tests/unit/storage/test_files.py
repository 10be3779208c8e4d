from __future__ import annotations

import pytest

from shared.errors import AlreadyExists, NotFound
from shared.storage.database.engine import Database
from shared.storage.training import files
from tests.unit.storage.builders import a_file


class TestFiles:
    def test_a_file_comes_back_as_it_was_stored(self, database: Database) -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
        with database.reading() as session:
            file = files.get(session, "file-1")
        assert (file.bytes, file.status, file.report) == (2**40, "processed", {"rows": 12, "warnings": []})

    def test_lists_are_paged_ordered_and_filtered(self, database: Database) -> None:
        with database.transaction() as session:
            for number in range(4):
                purpose = "fine-tune" if number % 2 else "evals"
                files.add(session, a_file(f"file-{number}", created_at=1000.5 + number, purpose=purpose))
        with database.reading() as session:
            newest = files.page(session, limit=2)
            oldest = files.page(session, limit=2, order="asc", after="file-0")
            evals = files.page(session, purpose="evals")
        assert ([file.id for file in newest.items], newest.has_more) == (["file-3", "file-2"], True)
        assert ([file.id for file in oldest.items], oldest.has_more) == (["file-1", "file-2"], True)
        assert [file.id for file in evals.items] == ["file-2", "file-0"]

    def test_a_deleted_file_is_gone(self, database: Database) -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
            files.delete(session, "file-1")
        with database.reading() as session, pytest.raises(NotFound, match="file-1"):
            files.get(session, "file-1")
        with pytest.raises(NotFound), database.transaction() as session:
            files.delete(session, "file-1")

    def test_files_whose_time_is_over_are_found(self, database: Database) -> None:
        with database.transaction() as session:
            for number, expires_at in enumerate((30.5, 10.5, 20.5, None)):
                file = a_file(f"file-{number}")
                file.expires_at = expires_at
                files.add(session, file)
        with database.reading() as session:
            assert files.expired(session, 20.5, 10) == ["file-1", "file-2"]
            assert files.expired(session, 99.0, 1) == ["file-1"]

    def test_an_id_cannot_be_used_twice(self, database: Database) -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
        with pytest.raises(AlreadyExists), database.transaction() as session:
            files.add(session, a_file("file-1"))
