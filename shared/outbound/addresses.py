"""Which addresses may be called: public ones, and the private networks that the operator has opened."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

#: RFC 6052: an IPv4 address in its last 32 bits is what a translator calls in the end.
_NAT64 = ip_network("64:ff9b::/96")


class AddressRule:
    """Judges addresses, never names: a name may lead elsewhere the next time it is asked.

    Args:
        opened: Networks that may be called although they are private.
    """

    def __init__(self, opened: Sequence[Network] = ()) -> None:
        self._opened = tuple(opened)

    def is_opened(self, address: Address) -> bool:
        """Whether the operator has opened it."""
        return any(inner in network for inner in _meant(address) for network in self._opened)

    def admits(self, address: Address) -> bool:
        """Whether it may be called."""
        return self.is_opened(address) or all(_is_public(inner) for inner in _meant(address))


def resolved(host: str, port: int) -> list[Address]:
    """The addresses of a name, or of an address in any of the forms that the system reads.

    Raises:
        OSError: The name is not known, or nobody can be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(place[0]).partition("%")[0]) for *_, place in found))


def _meant(address: Address) -> Iterator[Address]:
    """The address, and those that it carries inside: a packet to it may end there."""
    yield address
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield address.teredo[1]
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64):
        return True  # only a wrapping: what it carries is judged by itself
    refused = (address.is_multicast, address.is_reserved, address.is_unspecified, address.is_loopback)
    return address.is_global and not any(refused)
