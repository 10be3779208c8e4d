"""Mails into a mailbox, and a real SMTP server (aiosmtpd) on this machine."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import free_port

USER, PASSWORD = "help", "only-for-this-test"


def deliver(port: int, mailbox: str, *mails: bytes) -> None:
    """Put mails into a mailbox, which is made if there is none."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as server:
        server.login(USER, PASSWORD)
        server.create(mailbox)
        for one in mails:
            assert server.append(mailbox, "", "", one)[0] == "OK"


class Outbox(MessageHandler):
    """Keeps what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.sent.append(message)


def _known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, shown: object) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=shown == known)


@contextmanager
def smtp_server() -> Iterator[tuple[int, Outbox]]:
    """Its port, and what it took."""
    outbox = Outbox()
    controller = Controller(
        outbox, hostname="127.0.0.1", port=free_port(), auth_require_tls=False, authenticator=_known
    )
    controller.start()
    try:
        yield controller.port, outbox
    finally:
        controller.stop()
