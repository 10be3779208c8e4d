"""A kind of channel, called as the service calls it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from services.channels.kinds.kind import Event, Outgoing, Post, Received
from services.channels.kinds.table import KINDS
from services.channels.kinds.tokens import Tokens
from shared.contracts.channels import CustomerChannel
from shared.outbound.client import OutboundClient

NOW = 1_790_000_000.0
HERE = OutboundClient((ip_network("127.0.0.0/8"),))


def channel(kind: str, **values: Any) -> Any:
    return CustomerChannel.model_validate({"type": kind, **values}).root


def received(one: Any, raw: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None) -> Received:
    return KINDS[type(one)].receive(one, Event(headers, raw, NOW, query or {}))


def send(one: Any, message: Outgoing, tokens: Tokens | None = None, now: float = NOW) -> None:
    KINDS[type(one)].send(one, message, Post(HERE, now, tokens or Tokens()))
