"""Mailboxes: read over IMAP without a mark, each mail once; answered over SMTP, in its thread."""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from services.channels.kinds.kind import (
    TIMEOUT,
    Event,
    Fetched,
    Incoming,
    Kind,
    Outgoing,
    Post,
    Received,
    Refused,
    Undelivered,
)
from services.channels.mail.answer import mail_of
from services.channels.mail.letter import LeftAlone, read
from shared.contracts.channels import EmailChannel
from shared.errors import InvalidInput, Unavailable
from shared.outbound.client import OutboundClient
from shared.outbound.imap import ImapServer
from shared.outbound.smtp import MailNotTaken, SmtpServer
from shared.telemetry import logs

_log = logs.get(__name__)

#: Seconds of one fetch, mails of it, and bytes that are read of each: words come first, attachments after them.
ALTOGETHER = 60.0
_MAILS = 100
_BYTES = 512 * 1024


def receive(setting: EmailChannel, event: Event) -> Received:  # noqa: ARG001  # kinds are alike
    """A mailbox posts nothing.

    Raises:
        Refused: Always.
    """
    raise Refused("A mailbox is read; nothing is posted to it.", HTTPStatus.METHOD_NOT_ALLOWED)


def fetch(setting: EmailChannel, cursor: Mapping[str, Any], client: OutboundClient, now: float) -> Fetched:
    """What came since the last time. At first that is nothing: mail from before the channel was made is not answered.

    Raises:
        InvalidInput: The login or the mailbox is refused.
        OutboundRefused: The host may not be called.
        Unavailable: Nobody answers properly.
    """
    place = setting.imap
    try:
        address = client.address(place.host, place.port, plain=place.security == "none")
        with ImapServer(address, place.host, place.port, place.security, timeout=TIMEOUT, longest=2 * _BYTES) as server:
            try:
                server.login(setting.username, setting.password)
            except imaplib.IMAP4.error:
                raise InvalidInput(f"{place.host} refuses the login.") from None
            return _fetched(server, setting, cursor, now)
    except (imaplib.IMAP4.error, ssl.SSLError, OSError) as error:
        raise Unavailable(f"{place.host} cannot be read: {type(error).__name__}") from error


def _fetched(server: ImapServer, setting: EmailChannel, cursor: Mapping[str, Any], now: float) -> Fetched:
    answer, _ = server.select(f'"{setting.mailbox}"', readonly=True)
    if answer != "OK":
        raise InvalidInput(f"There is no mailbox {setting.mailbox!r}.")
    validity, upcoming = server.told("UIDVALIDITY"), server.told("UIDNEXT")
    if not cursor:
        return Fetched((), {"validity": validity, "last": max(0, upcoming - 1), "at": now})
    last = int(cursor["last"]) if cursor["validity"] == validity else 0
    since = [] if last else ["SINCE", _day(cursor["at"])]  # another numbering: what was read is known by its id
    messages, left = list[Incoming](), 0
    deadline = time.monotonic() + ALTOGETHER
    numbers = [one for one in server.numbers("UID", f"{last + 1}:*", *since) if one > last]
    for number in numbers[:_MAILS]:
        if time.monotonic() > deadline:
            break
        found = _taken(server, number, setting)
        messages += [found] if found is not None else []
        left, last = left + (found is None), number
    return Fetched(
        tuple(messages), {"validity": validity, "last": last, "at": now}, left, last < max(numbers, default=0)
    )


def _day(at: float) -> str:
    return (datetime.fromtimestamp(at, UTC) - timedelta(days=1)).strftime("%d-%b-%Y")


def _taken(server: ImapServer, number: int, setting: EmailChannel) -> Incoming | None:
    content = server.content(number, _BYTES)
    if content is None:
        return None  # it was deleted meanwhile
    try:
        return read(content, setting.address)
    except LeftAlone as reason:
        _log.info("mail is left unanswered", number=number, reason=str(reason))
        return None


def send(setting: EmailChannel, message: Outgoing, post: Post) -> None:
    """Delivered when the server has taken it. A change of hands is told by whoever writes then."""
    if message.event == "status" or not message.text:
        return
    if not message.reply:
        raise Undelivered("nothing is known of the mail that it answers", may_retry=False)
    place = setting.smtp
    try:
        address = post.client.address(place.host, place.port, plain=place.security == "none")
        login = (setting.username, setting.password)
        server = SmtpServer(address, place.host, place.port, place.security, login, TIMEOUT)
        server.send(mail_of(setting, message, post.now))
    except MailNotTaken as error:
        raise Undelivered(str(error), may_retry=error.may_retry) from error
    except OSError as error:
        raise Undelivered(f"{place.host} cannot be reached: {type(error).__name__}", may_retry=True) from error


EMAIL = Kind(receive, send, fetch)
