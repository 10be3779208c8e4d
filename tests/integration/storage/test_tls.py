"""PostgreSQL over TLS: what is stored there, and no word to a server that cannot prove who it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from shared.errors import ParleyError
from shared.storage.database.engine import open_database
from shared.storage.training import files
from tests.infrastructure import own_folder, required
from tests.servers import running
from tests.tls import HOST, TRUSTED, Certificates, TlsDatabase
from tests.unit.storage.builders import a_file


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Certificates]]:
    with own_folder("tls") as folder:
        certificates, data = Certificates(folder / "certificates"), folder / "database"
        data.mkdir()
        with required(running(TlsDatabase(data, certificates))) as own:
            yield own.url, certificates


def test_rows_go_in_and_out_encrypted(server: tuple[str, Certificates], monkeypatch: pytest.MonkeyPatch) -> None:
    url, certificates = server
    monkeypatch.setenv(TRUSTED, str(certificates.authority))
    with open_database(url) as database:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
            encrypted = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            assert session.connection().execute(encrypted).scalar_one()
        with database.reading() as session:
            assert [row.id for row in files.page(session).items] == ["file-1"]


@pytest.mark.parametrize("host", [HOST, "localhost"])
def test_a_server_that_cannot_prove_who_it_is_is_refused(
    server: tuple[str, Certificates], host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody vouches for it, or its certificate is for another host."""
    url, certificates = server
    if host != HOST:
        monkeypatch.setenv(TRUSTED, str(certificates.authority))
    with pytest.raises(ParleyError, match="certificate verify failed"), open_database(url.replace(HOST, host)):
        pass
