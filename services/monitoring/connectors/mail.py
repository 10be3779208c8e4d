"""Mail in a mailbox, over IMAP: read without a mark, each message once by its number."""

from __future__ import annotations

import email
import email.policy
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from services.monitoring.connectors.fetched import Fetched, Reach, Refused
from shared.contracts.streams import MailSource
from shared.errors import InvalidInput, Unavailable

#: Seconds that one answer may take, and all of a fetch.
_TIMEOUT = 20.0
_ALTOGETHER = 120.0
#: Messages of one fetch, and the bytes of one.
_MAX_MESSAGES = 200
_MAX_BYTES = 5 * 1024 * 1024
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@contextmanager
def fetch_mail(setting: MailSource, cursor: Mapping[str, Any], reach: Reach, now: float) -> Iterator[Fetched]:
    """The messages that came since the last one, oldest first. The cursor is the mailbox's own: its validity and the last number.

    Raises:
        InvalidInput: There is no such login or mailbox, or it is refused.
        OutboundRefused: The host may not be called.
        Unavailable: Nobody answers properly.
    """
    login = reach.login(setting.login, setting.host)
    if login is None:
        raise InvalidInput("A mailbox needs a login; the operator makes it: PARLEY_SOURCE_LOGINS.")
    try:
        address = reach.address(setting.host, setting.port, plain=setting.security == "none")
        with _Server(str(address), setting) as server:
            try:
                server.login(login.username, login.password.get_secret_value())
            except imaplib.IMAP4.error:
                raise InvalidInput(f"{setting.host} refuses the login {setting.login!r}.") from None
            yield _fetched(server, setting, cursor, now)
    except (imaplib.IMAP4.error, ssl.SSLError, OSError) as error:
        raise Unavailable(f"{setting.host} cannot be read: {error or type(error).__name__}") from error


def _fetched(server: imaplib.IMAP4, setting: MailSource, cursor: Mapping[str, Any], now: float) -> Fetched:
    answer, _ = server.select(f'"{setting.mailbox}"', readonly=True)
    if answer != "OK":
        raise InvalidInput(f"There is no mailbox {setting.mailbox!r}.")
    validity = _number(server.response("UIDVALIDITY")[1])
    last = int(cursor.get("last", 0)) if cursor.get("validity") == validity else 0
    found = Fetched({"validity": validity, "last": last})
    deadline = time.monotonic() + _ALTOGETHER
    for number in _numbers(server, setting, last, now)[:_MAX_MESSAGES]:
        if time.monotonic() > deadline:
            break
        _take(server, number, f"{setting.mailbox}, message {number}", found)
        found.cursor = {"validity": validity, "last": number}
    return found


def _numbers(server: imaplib.IMAP4, setting: MailSource, last: int, now: float) -> list[int]:
    """Of new messages, in their order; at first those of the last days alone."""
    asked = ["UID", f"{last + 1}:*"]
    if last == 0:
        day = datetime.fromtimestamp(now, UTC) - timedelta(days=setting.since_days)
        asked += ["SINCE", day.strftime("%d-%b-%Y")]
    _, told = server.uid("SEARCH", *asked)
    numbers = [int(one) for part in told if part for one in part.split()]
    return sorted(one for one in numbers if one > last)  # `*` is the last message, however small its number


def _take(server: imaplib.IMAP4, number: int, place: str, found: Fetched) -> None:
    _, told = server.uid("FETCH", str(number), "(RFC822.SIZE)")
    size = _SIZE.search(b" ".join(part for part in told if isinstance(part, bytes)))
    if size is not None and int(size[1]) > _MAX_BYTES:
        found.refused.append(Refused(place, f"It is longer than {_MAX_BYTES} bytes.", ""))
        return
    _, told = server.uid("FETCH", str(number), "(BODY.PEEK[])")
    content = next((part[1] for part in told if isinstance(part, tuple)), None)
    if content is None:
        return  # it was deleted meanwhile
    message = email.message_from_bytes(content, policy=email.policy.default)
    try:
        found.items.append((place, _item(message)))
    except (ValueError, LookupError, AttributeError) as error:  # headers and charsets of spam
        found.refused.append(Refused(place, f"It cannot be read ({type(error).__name__}).", ""))


def _item(message: EmailMessage) -> Mapping[str, object]:
    body = message.get_body(("plain", "html"))
    sender = message["From"]
    return {
        "id": _header(message, "Message-ID"),
        "title": _header(message, "Subject"),
        "text": None if body is None else body.get_content(),
        "author": sender.addresses[0].display_name if sender is not None and sender.addresses else None,
        "published_at": _header(message, "Date"),
    }


def _header(message: EmailMessage, name: str) -> str | None:
    value = message[name]
    return None if value is None else str(value)


def _number(told: list[Any]) -> int:
    return int(told[0]) if told and told[0] else 0


class _Server(imaplib.IMAP4):
    """Goes by the name in TLS, and to the judged address on the wire; an answer has a length."""

    def __init__(self, address: str, setting: MailSource) -> None:
        self._address = address
        self._setting = setting
        self._tls = ssl.create_default_context()
        super().__init__(setting.host, setting.port, _TIMEOUT)
        if setting.security == "starttls":
            self.starttls(self._tls)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._address, self._setting.port), timeout)
        if self._setting.security != "tls":
            return plain
        return self._tls.wrap_socket(plain, server_hostname=self._setting.host)

    def read(self, size: int) -> bytes:
        """So many bytes, as the server has announced."""
        if size > 2 * _MAX_BYTES:
            raise self.abort("a message is longer than the server has said")
        return super().read(size)
