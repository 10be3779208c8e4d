"""Mail over SMTP, to a server whose address was judged like any other."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from services.monitoring.delivery.channel import TIMEOUT, Post, Undelivered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.alert_channels import Smtp
from shared.outbound.addresses import AddressRule, resolved
from shared.outbound.client import OutboundRefused

_PERMANENT = 500


def deliver(setting: Smtp, notices: Sequence[Notice], post: Post) -> None:
    """Delivered when the server has taken it for every recipient."""
    try:
        with closing(_connected(setting, post.rule)) as server:
            if setting.username is not None:
                server.login(setting.username, setting.password or "")
            refused = server.send_message(_mail(setting, notices, post.now))
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(error.recipients) from error
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"it answered {error.smtp_code}", may_retry=error.smtp_code < _PERMANENT) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"{setting.host} cannot be reached: {type(error).__name__}", may_retry=True) from error
    if refused:
        raise _refusal(refused)


def _refusal(refused: dict[str, tuple[int, bytes]]) -> Undelivered:
    codes = sorted({code for code, _ in refused.values()})
    problem = f"it refused {len(refused)} recipient(s) with {', '.join(map(str, codes))}"
    return Undelivered(problem, may_retry=min(codes) < _PERMANENT)


def _connected(setting: Smtp, rule: AddressRule) -> smtplib.SMTP:
    """Connected to an address that was judged, and encrypted for the name.

    Raises:
        OutboundRefused: No address of the host may be called.
    """
    tls = ssl.create_default_context()
    addresses = [one for one in resolved(setting.host, setting.port) if rule.admits(one)]
    if not addresses:
        raise OutboundRefused(
            f"{setting.host} is a private address; the operator can open it (PARLEY_OUTBOUND_NETWORKS)."
        )
    server = _JudgedServer(str(addresses[0]), tls if setting.security == "tls" else None, setting.host)
    try:
        server.connect(setting.host, setting.port)
        if setting.security == "starttls":
            server.starttls(context=tls)
    except BaseException:
        server.close()
        raise
    return server


class _JudgedServer(smtplib.SMTP):
    """Goes by the name in TLS, and to the address on the wire."""

    def __init__(self, address: str, tls: ssl.SSLContext | None, name: str) -> None:
        super().__init__(timeout=TIMEOUT)
        self._address = address
        self._tls = tls
        self._host = name  # what smtplib checks certificates against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=host)


def _mail(setting: Smtp, notices: Sequence[Notice], now: float) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = setting.sender
    mail["To"] = ", ".join(setting.recipients)
    mail["Subject"] = " ".join(title(notices).split())
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = make_msgid(notices[0].id, setting.sender.partition("@")[2])
    mail.set_content(words(notices))
    return mail
