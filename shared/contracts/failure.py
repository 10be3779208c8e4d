"""The message a waiting caller gets instead of a time-out."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import REPLY, Message, Route


class MessageFailed(Message):
    """A request could not be handled; ``code`` is that of the error class in ``shared.errors``."""

    TYPE: ClassVar[str] = "message.failed"
    ROUTE: ClassVar[Route] = REPLY

    failed_type: str
    code: str
    message: str
    param: str | None = None
    retryable: bool = False
