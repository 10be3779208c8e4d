from __future__ import annotations

from pathlib import Path

from services.gateway.files.expiry import delete_expired
from shared.artifacts.layout import file_key
from shared.artifacts.store import open_store
from shared.errors import NotFound
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import File
from shared.storage.training import files


def file(file_id: str, expires_at: float | None) -> File:
    return File(
        id=file_id,
        filename="a",
        purpose="evals",
        bytes=1,
        sha256="0",
        created_at=1.0,
        expires_at=expires_at,
        status="processed",
    )


def test_a_file_goes_with_its_bytes_when_its_time_is_over(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path / 'artifacts'}")
    times = {"file-old": 10.0, "file-young": 1000.0, "file-endless": None}
    with open_database(f"sqlite:///{tmp_path / 'files.db'}") as database:
        with database.transaction() as session:
            for file_id, expires_at in times.items():
                store.put_stream(file_key(file_id), [b"x"], 10)
                files.add(session, file(file_id, expires_at))
        for _ in range(2):
            delete_expired(database, store, 500.0)
        assert not store.exists("files/file-old")
        assert not _exists(database, "file-old")
        assert store.exists("files/file-young")
        assert store.exists("files/file-endless")
        assert _exists(database, "file-young")


def _exists(database: Database, file_id: str) -> bool:
    try:
        with database.reading() as session:
            files.get(session, file_id)
    except NotFound:
        return False
    return True
