"""The base of every message, and the route it travels on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

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


class Message(Value):
    """A message: a value with a name, a version and a route.

    Subclasses set ``TYPE`` and ``ROUTE``. ``VERSION`` grows when a field is added or changes its meaning; the golden
    files in ``tests/unit/contracts`` keep every version that ever travelled decodable.
    """

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    ROUTE: ClassVar[Route]
