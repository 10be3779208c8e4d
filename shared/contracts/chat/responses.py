"""Responses that are written in the background."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import Exchange, Message, Route


class ResponseQueued(Message):
    """A response is to be written. Only a wake-up, which may be lost or come twice: the row is the truth."""

    TYPE: ClassVar[str] = "response.queued"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "responses", durable=True)

    response_id: str
