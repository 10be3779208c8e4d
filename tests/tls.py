"""A RabbitMQ and a PostgreSQL that speak TLS, with certificates of an authority that only who is told of it trusts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import trustme

from tests.servers import OwnBroker, OwnDatabase

HOST = "127.0.0.1"
OTHER_HOST = "127.0.0.2"
"""Another name of this machine, for which no certificate is."""

TRUSTED = "SSL_CERT_FILE"
"""OpenSSL's name for a file of authorities, in place of the system's."""


class Certificates:
    """An authority, and the certificate of a server at ``HOST``.

    Args:
        folder: Where the files are written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        folder.chmod(0o755)  # the servers may run as users of their own
        authority = trustme.CA()
        issued = authority.issue_cert(HOST)
        self.authority, self.chain, self.key = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        for part in issued.cert_chain_pems:
            part.write_to_path(str(self.chain), append=True)
        issued.private_key_pem.write_to_path(str(self.key))


class TlsBroker(OwnBroker):
    """A RabbitMQ that takes TLS alone."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        super().__init__(folder)
        self._certificates = certificates
        certificates.key.chmod(0o644)

    @property
    def url(self) -> str:
        """See ``OwnServer``."""
        return f"amqps://guest:guest@{HOST}:{self.port}//"

    def _configuration(self) -> list[str]:
        files = self._certificates
        return [
            "listeners.tcp = none",
            f"listeners.ssl.local = {HOST}:{self.port}",
            f"listeners.ssl.other = {OTHER_HOST}:{self.port}",
            f"ssl_options.cacertfile = {files.authority}",
            f"ssl_options.certfile = {files.chain}",
            f"ssl_options.keyfile = {files.key}",
            "ssl_options.verify = verify_none",
        ]


class TlsDatabase(OwnDatabase):
    """A PostgreSQL that takes TLS as well."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        super().__init__(folder)
        self._certificates = certificates
        user = self._user()
        if user is not None:
            shutil.chown(certificates.key, user)
        certificates.key.chmod(0o600)

    @property
    def url(self) -> str:
        """See ``OwnServer``."""
        return f"{super().url}?sslmode=verify-full"

    def _options(self) -> Sequence[str]:
        files = self._certificates
        return ("-c", "ssl=on", "-c", f"ssl_cert_file={files.chain}", "-c", f"ssl_key_file={files.key}")
