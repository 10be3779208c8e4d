"""What every answer of many parts may have between its parts."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import REPLY, Message, Route


class StillWorking(Message):
    """A sign of life: the request is being worked at, though there is nothing new to tell."""

    TYPE: ClassVar[str] = "still.working"
    ROUTE: ClassVar[Route] = REPLY
