"""What a fetch brings, whatever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Protocol

from shared.errors import InvalidInput
from shared.outbound.client import OutboundClient
from shared.settings import Login

#: Items that one fetch passes on at most; what is left comes with the next.
MAX_ITEMS = 5_000


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is no document.

    Attributes:
        place: What finds it again, such as file and line.
        reason: Why, in a sentence.
        item: Its beginning.
    """

    place: str
    reason: str
    item: str


@dataclass(slots=True)
class Fetched:
    """What a fetch brought.

    Attributes:
        cursor: How far it came; kept once its items were passed on.
        items: Fields of documents, each with its place.
        refused: What cannot even be read.
    """

    cursor: Mapping[str, Any]
    items: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reach:
    """What connectors may reach, as the operator says.

    Attributes:
        client: Judges addresses, and calls them over HTTP.
        folder: The root of watched folders; ``None``: none may be watched.
        logins: To servers, by the name that sources have for them.
    """

    client: OutboundClient
    folder: Path | None
    logins: Mapping[str, Login]

    def login(self, name: str | None, host: str) -> Login | None:
        """The login that a source names.

        Raises:
            InvalidInput: There is none of that name, or it is for another host: whoever declares a source must not send it elsewhere.
        """
        if name is None:
            return None
        found = self.logins.get(name)
        if found is None:
            raise InvalidInput(f"There is no login {name!r}; the operator makes it: PARLEY_SOURCE_LOGINS.")
        if found.host.lower() != host.lower():
            raise InvalidInput(f"The login {name!r} is not for {host}.")
        return found

    def address(self, host: str, port: int, *, plain: bool) -> IPv4Address | IPv6Address:
        """An address of a host that may be called.

        Args:
            host: Its name.
            port: Where.
            plain: Whether nothing will be encrypted: then only to networks that the operator has opened.

        Raises:
            OSError: The name is not known.
            OutboundRefused: No address may be called.
        """
        return self.client.address(host, port, plain=plain)


class Connector(Protocol):
    """Fetches from sources of one type. What was fetched is settled when the context ends without an error."""

    def __call__(
        self, setting: Any, cursor: Mapping[str, Any], reach: Reach, now: float
    ) -> AbstractContextManager[Fetched]:
        """What is new since the cursor.

        Raises:
            ParleyError: It cannot be fetched; the message says why.
        """
