"""Mail over SMTP, to a server whose address was judged like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from services.monitoring.delivery.channel import TIMEOUT, Post, Undelivered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.monitoring.alert_channels import Smtp
from shared.outbound.addresses import Address, AddressRule, resolved
from shared.outbound.client import OutboundRefused
from shared.outbound.smtp import MailNotTaken, SmtpServer


def deliver(setting: Smtp, notices: Sequence[Notice], post: Post) -> None:
    """Delivered when the server has taken it for every recipient."""
    login = None if setting.username is None else (setting.username, setting.password or "")
    try:
        address = _address(setting, post.rule)
        server = SmtpServer(address, setting.host, setting.port, setting.security, login, TIMEOUT)
        server.send(_mail(setting, notices, post.now))
    except MailNotTaken as error:
        raise Undelivered(str(error), may_retry=error.may_retry) from error
    except OSError as error:
        raise Undelivered(f"{setting.host} cannot be reached: {type(error).__name__}", may_retry=True) from error


def _address(setting: Smtp, rule: AddressRule) -> Address:
    """An address that was judged.

    Raises:
        OSError: The name is not known.
        OutboundRefused: No address of the host may be called.
    """
    found = next((one for one in resolved(setting.host, setting.port) if rule.admits(one)), None)
    if found is None:
        raise OutboundRefused(
            f"{setting.host} is a private address; the operator can open it (PARLEY_OUTBOUND_NETWORKS)."
        )
    return found


def _mail(setting: Smtp, notices: Sequence[Notice], now: float) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = setting.sender
    mail["To"] = ", ".join(setting.recipients)
    mail["Subject"] = " ".join(title(notices).split())
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = make_msgid(notices[0].id, setting.sender.partition("@")[2])
    mail.set_content(words(notices))
    return mail
