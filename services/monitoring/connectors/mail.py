"""Mail in a mailbox, over IMAP: read without a mark, each message once by its number."""

from __future__ import annotations

import email
import email.policy
import imaplib
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from services.monitoring.connectors.fetched import Fetched, Reach, Refused
from shared.contracts.monitoring.streams import MailSource
from shared.errors import InvalidInput, Unavailable
from shared.outbound.imap import ImapServer

#: Seconds that one answer may take, and all of a fetch.
_TIMEOUT = 20.0
_ALTOGETHER = 120.0
#: Messages of one fetch, and the bytes of one.
_MAX_MESSAGES = 200
_MAX_BYTES = 5 * 1024 * 1024


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
        longest = 2 * _MAX_BYTES
        with ImapServer(
            address, setting.host, setting.port, setting.security, timeout=_TIMEOUT, longest=longest
        ) as server:
            try:
                server.login(login.username, login.password.get_secret_value())
            except imaplib.IMAP4.error:
                raise InvalidInput(f"{setting.host} refuses the login {setting.login!r}.") from None
            yield _fetched(server, setting, cursor, now)
    except (imaplib.IMAP4.error, ssl.SSLError, OSError) as error:
        raise Unavailable(f"{setting.host} cannot be read: {error or type(error).__name__}") from error


def _fetched(server: ImapServer, setting: MailSource, cursor: Mapping[str, Any], now: float) -> Fetched:
    answer, _ = server.select(f'"{setting.mailbox}"', readonly=True)
    if answer != "OK":
        raise InvalidInput(f"There is no mailbox {setting.mailbox!r}.")
    validity = server.told("UIDVALIDITY")
    last = int(cursor.get("last", 0)) if cursor.get("validity") == validity else 0
    found = Fetched({"validity": validity, "last": last})
    deadline = time.monotonic() + _ALTOGETHER
    for number in _numbers(server, setting, last, now)[:_MAX_MESSAGES]:
        if time.monotonic() > deadline:
            break
        _take(server, number, f"{setting.mailbox}, message {number}", found)
        found.cursor = {"validity": validity, "last": number}
    return found


def _numbers(server: ImapServer, setting: MailSource, last: int, now: float) -> list[int]:
    """Of new messages, in their order; at first those of the last days alone."""
    asked = ["UID", f"{last + 1}:*"]
    if last == 0:
        day = datetime.fromtimestamp(now, UTC) - timedelta(days=setting.since_days)
        asked += ["SINCE", day.strftime("%d-%b-%Y")]
    return [one for one in server.numbers(*asked) if one > last]  # `*` is the last message, however small its number


def _take(server: ImapServer, number: int, place: str, found: Fetched) -> None:
    size = server.size(number)
    if size is not None and size > _MAX_BYTES:
        found.refused.append(Refused(place, f"It is longer than {_MAX_BYTES} bytes.", ""))
        return
    content = server.content(number)
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
