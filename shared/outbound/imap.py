"""A mailbox over IMAP, at an address that was judged."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from typing import Any

from shared.outbound.addresses import Address
from shared.outbound.smtp import Security

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapServer(imaplib.IMAP4):
    """Goes by the name in TLS, and to the judged address on the wire; an answer has a length.

    Args:
        address: That was judged.
        host: Its name, which its certificate must bear.
        port: Where it listens.
        security: How it is encrypted.
        timeout: Seconds that an answer may take.
        longest: Bytes of one answer.
    """

    def __init__(
        self, address: Address, host: str, port: int, security: Security, *, timeout: float, longest: int
    ) -> None:
        self._judged = str(address)
        self._name = host
        self._is_tls = security == "tls"
        self._longest = longest
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout)
        if security == "starttls":
            self.starttls(self._tls)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._judged, self.port), timeout)
        return self._tls.wrap_socket(plain, server_hostname=self._name) if self._is_tls else plain

    def read(self, size: int) -> bytes:
        """So many bytes, as the server has announced."""
        if size > self._longest:
            raise self.abort("a message is longer than the server has said")
        return super().read(size)

    def told(self, name: str) -> int:
        """A number that the server told when a mailbox was opened, such as ``UIDVALIDITY``; 0 if it did not."""
        found: list[Any] = self.response(name)[1]
        return int(found[0]) if found and found[0] else 0

    def numbers(self, *asked: str) -> list[int]:
        """The numbers of the messages that a search finds, in their order."""
        _, told = self.uid("SEARCH", *asked)
        return sorted(int(one) for part in told if part for one in part.split())

    def size(self, number: int) -> int | None:
        """Bytes of a message, as the server says."""
        _, told = self.uid("FETCH", str(number), "(RFC822.SIZE)")
        found = _SIZE.search(b" ".join(part for part in told if isinstance(part, bytes)))
        return int(found[1]) if found is not None else None

    def content(self, number: int, first: int | None = None) -> bytes | None:
        """A message without marking it as read, or so many bytes of its beginning; ``None``: it was deleted meanwhile."""
        _, told = self.uid("FETCH", str(number), "(BODY.PEEK[])" if first is None else f"(BODY.PEEK[]<0.{first}>)")
        return next((part[1] for part in told if isinstance(part, tuple)), None)
