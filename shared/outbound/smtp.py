"""Mail over SMTP, to an address that was judged."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from email.message import EmailMessage
from typing import Literal

from shared.outbound.addresses import Address

Security = Literal["tls", "starttls", "none"]

_PERMANENT = 500


class MailNotTaken(Exception):
    """The server has not taken a mail for everybody.

    Attributes:
        may_retry: Whether another try may succeed.
    """

    def __init__(self, problem: str, *, may_retry: bool) -> None:
        super().__init__(problem)
        self.may_retry = may_retry


class SmtpServer:
    """Where mail is handed over.

    Args:
        address: That was judged.
        host: Its name, which its certificate must bear.
        port: Where it listens.
        security: How it is encrypted.
        login: User and password, if it wants any.
        timeout: Seconds that an answer may take.
    """

    def __init__(
        self, address: Address, host: str, port: int, security: Security, login: tuple[str, str] | None, timeout: float
    ) -> None:
        self._address = address
        self._host = host
        self._port = port
        self._security = security
        self._login = login
        self._timeout = timeout

    def send(self, mail: EmailMessage) -> None:
        """Return once the server has taken it for every recipient.

        Raises:
            MailNotTaken: It has not.
        """
        try:
            with closing(self._connected()) as server:
                if self._login is not None:
                    server.login(*self._login)
                refused = server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients) from error
        except smtplib.SMTPResponseException as error:
            raise MailNotTaken(f"it answered {error.smtp_code}", may_retry=error.smtp_code < _PERMANENT) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailNotTaken(f"{self._host} cannot be reached: {type(error).__name__}", may_retry=True) from error
        if refused:
            raise _refusal(refused)

    def _connected(self) -> smtplib.SMTP:
        tls = ssl.create_default_context()
        server = _JudgedServer(str(self._address), tls if self._security == "tls" else None, self._host, self._timeout)
        try:
            server.connect(self._host, self._port)
            if self._security == "starttls":
                server.starttls(context=tls)
        except BaseException:
            server.close()
            raise
        return server


class _JudgedServer(smtplib.SMTP):
    """Goes by the name in TLS, and to the address on the wire."""

    def __init__(self, address: str, tls: ssl.SSLContext | None, name: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._address = address
        self._tls = tls
        self._host = name  # what smtplib checks certificates against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=host)


def _refusal(refused: Mapping[str, tuple[int, bytes]]) -> MailNotTaken:
    codes = sorted({code for code, _ in refused.values()})
    problem = f"it refused {len(refused)} recipient(s) with {', '.join(map(str, codes))}"
    return MailNotTaken(problem, may_retry=min(codes) < _PERMANENT)
