"""HTTP to addresses that callers name.

A name is resolved once, its addresses are judged, and the connection goes to an address that was judged: a name that answers
differently a moment later (DNS rebinding) gains nothing. The certificate is still checked against the name. One exchange has one
connection and one deadline, which also ends a peer that sends a byte now and then.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from shared.errors import InvalidInput, Unavailable
from shared.outbound.addresses import Address, AddressRule, Network, resolved

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: Headers that are for the host that the caller named, and for no other.
_PERSONAL = frozenset(("authorization", "cookie", "proxy-authorization"))
#: A name as it is asked for, or an address.
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT"))


class OutboundRefused(InvalidInput):
    """An address that may not be called: private and not opened, or no address at all."""

    default_code = "address_refused"


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """What came back; any status is an answer.

    Attributes:
        status: HTTP status.
        headers: By their names in lower case.
        body: As it came, up to ``max_bytes``.
        truncated: There was more.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool


class OutboundClient:
    """Calls addresses. Safe to share between threads.

    Args:
        opened: Private networks that may be called.
    """

    def __init__(self, opened: Sequence[Network] = ()) -> None:
        self._rule = AddressRule(opened)
        self._tls = httpcore.default_ssl_context()

    def check(self, url: str, *, plain_http: bool = False) -> None:
        """Refuse at once what would be refused later. A name that cannot be resolved now passes: it may be, later.

        Raises:
            OutboundRefused: The URL is none of ours to call.
        """
        target = _parsed(url)
        try:
            _admitted(target, self._rule, plain_http=plain_http)
        except OSError:
            return

    def address(self, host: str, port: int, *, plain: bool = False) -> Address:
        """An address of a host that may be called, for protocols beside HTTP.

        Args:
            host: Its name.
            port: Where.
            plain: Whether nothing will be encrypted: then only to networks that the operator has opened.

        Raises:
            OSError: The name is not known.
            OutboundRefused: No address may be called.
        """
        for one in resolved(host, port):
            if self._rule.is_opened(one) or (not plain and self._rule.admits(one)):
                return one
        why = "without encryption only opened networks may be called" if plain else "it is not a public address"
        raise OutboundRefused(f"{host}: {why}. An operator can open a private network: PARLEY_OUTBOUND_NETWORKS.")

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = 15.0,
        max_bytes: int = 65_536,
        redirects: int = 0,
        plain_http: bool = False,
    ) -> OutboundResponse:
        """One request and its answer.

        Args:
            method: GET, HEAD, POST or PUT.
            url: Where to.
            headers: Of the request, beside ``Host``.
            body: Of the request.
            timeout: Seconds for all of it, from the first look-up to the last byte.
            max_bytes: Of the answer's body; the rest is left.
            redirects: Followed at most, by GET and HEAD alone; each is judged like the first address.
            plain_http: Whether ``http://`` may go to public addresses; to opened networks it may.

        Raises:
            OutboundRefused: The address may not be called.
            Unavailable: Nobody answered properly, or not in time.
        """
        if method not in _METHODS:
            raise ValueError(f"{method} is not offered")
        deadline = time.monotonic() + timeout
        target, sent = _parsed(url), dict(headers or {})
        while True:
            reply = self._exchange(method, target, sent, body, deadline, max_bytes, plain_http=plain_http)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or location is None or method not in ("GET", "HEAD") or redirects <= 0:
                return reply
            redirects -= 1
            onward = _parsed(str(target.join(location)))
            if (onward.scheme, onward.host, onward.port) != (target.scheme, target.host, target.port):
                sent = {name: value for name, value in sent.items() if name.lower() not in _PERSONAL}
            target = onward

    def _exchange(
        self,
        method: str,
        target: httpx.URL,
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
        max_bytes: int,
        *,
        plain_http: bool,
    ) -> OutboundResponse:
        backend = _CheckedBackend(self._rule, target, deadline, plain_http=plain_http)
        named = [("Host", target.netloc.decode("ascii")), ("Connection", "close"), *headers.items()]
        sent = [*named, ("Content-Length", str(len(body)))] if body or method in ("POST", "PUT") else named
        url = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        try:
            with (
                httpcore.ConnectionPool(self._tls, max_connections=1, network_backend=backend) as pool,
                pool.stream(method, url, headers=sent, content=body) as response,
            ):
                content, truncated = _read(response.iter_stream(), max_bytes)
                fields = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return OutboundResponse(response.status, fields, content, truncated)
        except httpcore.TimeoutException as error:
            raise Unavailable(f"{target.host} did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            raise Unavailable(f"{target.host} cannot be called: {error or type(error).__name__}") from error


def _parsed(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise OutboundRefused(f"The URL is none: {error}.", param="url") from None
    if target.scheme not in ("http", "https") or not _HOST.fullmatch(target.raw_host):
        raise OutboundRefused("The URL must begin with https:// and name a host.", param="url")
    if target.userinfo:
        raise OutboundRefused("The URL must hold no user name or password.", param="url")
    return target.copy_with(fragment=None)


def _admitted(target: httpx.URL, rule: AddressRule, *, plain_http: bool) -> list[str]:
    """The addresses of a host that may be called.

    Raises:
        OSError: The name cannot be resolved.
        OutboundRefused: None may be called.
    """
    found = resolved(target.host, target.port or (443 if target.scheme == "https" else 80))
    admitted = [one for one in found if rule.admits(one)]
    if not admitted:
        raise OutboundRefused(
            f"{target.host} is not a public address. An operator can open a private network: PARLEY_OUTBOUND_NETWORKS.",
            param="url",
        )
    if target.scheme == "http" and not plain_http:
        admitted = [one for one in admitted if rule.is_opened(one)]
    if not admitted:
        raise OutboundRefused("The URL must begin with https://.", param="url")
    return [str(one) for one in admitted]


def _read(chunks: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > limit:
            return bytes(content[:limit]), True
    return bytes(content), False


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to an address that was judged, within what is left of the time."""

    def __init__(self, rule: AddressRule, target: httpx.URL, deadline: float, *, plain_http: bool) -> None:
        self._rule = rule
        self._target = target
        self._deadline = deadline
        self._plain_http = plain_http
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the target's own: it is resolved here, and nowhere else
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # one deadline for all
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        addresses = _admitted(self._target, self._rule, plain_http=self._plain_http)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.NetworkStream:
        stream = self._system.connect_tcp(
            address, port, timeout=_left(self._deadline), local_address=local_address, socket_options=socket_options
        )
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which everything ends at one moment."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # one deadline for all
        """The next bytes."""
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # the same
        """Send."""
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # the same
    ) -> httpcore.NetworkStream:
        """Encrypt what follows."""
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Of the connection below."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left
