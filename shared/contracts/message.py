"""The base of every message, and the route it travels on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Exchange(StrEnum):
    """Where messages are published."""

    RPC = "rpc"
    """Direct: requests with a waiting caller."""
    REPLY = ""
    """The default exchange: straight to the queue named in ``reply_to``."""
    EVENTS = "events"
    """Topic: facts that any number of services may listen to."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message type goes and what is promised for it.

    Attributes:
        exchange: The exchange it is published on.
        key: The routing key; empty on the reply exchange, where ``reply_to`` takes its place.
        durable: Persistent and confirmed by the broker before publishing returns; otherwise transient, with a
            time-to-live no longer than the caller waits.
    """

    exchange: Exchange
    key: str
    durable: bool = False


REPLY = Route(Exchange.REPLY, "")


class Value(BaseModel):
    """A part of a message: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself: nothing changes a value. Pydantic copies a default for every message that it fills in."""
        return self


class Message(Value):
    """A message: a value with a name, a version and a route.

    Subclasses set ``TYPE`` and ``ROUTE``. ``VERSION`` grows when a field is added or changes its meaning; the golden
    files in ``tests/unit/contracts`` keep every version that ever travelled decodable.

    During an upgrade two releases run side by side. So what holds its default does not travel, at any depth: a release adds a
    field with a default, which the release before need not know, and only the next release sets it. A default never changes.
    """

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    ROUTE: ClassVar[Route]
    ADDED: ClassVar[Mapping[str, int]] = {}
    """Fields that were added, with the version that brought them."""

    def travelling(self) -> tuple[int, bytes]:
        """The lowest version that can read this very message, and its JSON in UTF-8."""
        return self._least_version(), self.model_dump_json(exclude_defaults=True).encode()

    def _least_version(self) -> int:
        if not self.ADDED:
            return self.VERSION
        fields = type(self).model_fields
        used = [version for name, version in self.ADDED.items() if getattr(self, name) != fields[name].default]
        return max(used, default=min(self.ADDED.values()) - 1)
